/** What the compiler promises about viewers and clients. Checked by `tsc`, never run. */
import type { MonoTypeOperatorFunction, Observable, Observer } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import { connect, type Job } from 'rxmpi/client'
import * as mpi from 'rxmpi/operators'
import { expectType } from './equal.js'

export async function viewers(ticket: string): Promise<void> {
  const opened = await mpi.viewers(comm)
  expectType<mpi.Viewers | undefined>()(opened)
  expectType<string | undefined>()(opened?.ticket({ rights: 'write', expiresIn: 60, origins: ['https://lab.example.org'] }))
  expectType<MonoTypeOperatorFunction<number>>()(mpi.publish<number>(comm, 'n', { overflow: 'latest', history: 1 }))
  expectType<Observable<number>>()(mpi.subscribeTo<number>(comm, 'n'))
  expectType<Observable<unknown>>()(mpi.subscribeTo(comm, 'n'))
  const job = connect(ticket)
  expectType<Job>()(job)
  expectType<Observable<Float64Array>>()(job.stream<Float64Array>('n', { prefetch: 1 }))
  expectType<Observable<unknown>>()(job.stream('n'))
  expectType<Observer<number>>()(job.publish<number>('n'))
  // @ts-expect-error: there are two kinds of rights
  opened?.ticket({ rights: 'all' })
  // @ts-expect-error: no such policy
  mpi.publish(comm, 'n', { overflow: 'oldest' })
  // @ts-expect-error: a stream has a name
  job.stream()
}

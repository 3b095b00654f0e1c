/** What the compiler promises about streams and pools. Checked by `tsc`, never run. */
import { type Observable, of } from 'rxjs'
import { type Channel, COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { RankPool, task } from 'rxmpi/pool'
import { expectType } from './equal.js'

export function streams(): void {
  expectType<Observable<number>>()(of(1).pipe(mpi.sendTo(comm, { dest: 1 })))
  expectType<Observable<unknown>>()(mpi.receiveFrom(comm, { source: 0 }))
  expectType<Observable<string>>()(mpi.receiveFrom<string>(comm, { source: 0 }))
  expectType<Observable<number>>()(mpi.pull([1, 2]))
  expectType<Observable<string>>()(of(1).pipe(mpi.concatMap(async (n) => String(n))))
  expectType<AsyncIterable<number>>()(mpi.toAsyncIterable(of(1)))
  expectType<Channel<number>>()(comm.channel<number>({ peer: 1 }))
  expectType<Observable<number>>()(comm.channel<number>({ peer: 1 }).ready)
  expectType<Observable<{ id: number }>>()(of({ id: 1 }).pipe(mpi.partitionTo(comm, ({ id }) => id)))
  expectType<Observable<string>>()(mpi.mergeFrom<number, string>(comm, {}, (value, source) => `${value} from ${source}`))
  expectType<Observable<mpi.Timed<number>>>()(mpi.watermark(comm, { time: (n: number) => n })([1]))
  expectType<Observable<string>>()(of('a').pipe(mpi.gatherStreams(comm)))
  expectType<Observable<[number, string]>>()(
    of('a').pipe(mpi.gatherStreams(comm, {}, (value: string, rank): [number, string] => [rank, value]))
  )
  expectType<Observable<mpi.TimeWindow<number>>>()(mpi.windowByTime<number>(comm, { size: 1, time: (n) => n, op: SUM })([1]))
  // @ts-expect-error there is no such policy
  mpi.sendTo(comm, { dest: 1, overflow: 'spill' })
  // @ts-expect-error a key is no object
  of({ id: 1 }).pipe(mpi.partitionTo(comm, (value) => value))
  // @ts-expect-error a channel of numbers
  comm.channel<number>({ peer: 1 }).next('1')
}

export async function pools(): Promise<void> {
  await using pool = await RankPool.launch(2)
  expectType<Observable<string>>()(pool.map((n: number) => String(n), [1, 2]))
  expectType<Observable<string>>()(pool.map(async (n: number) => String(n), of(1)))
  expectType<number>()(await pool.run(() => 1))
  expectType<RankPool | undefined>()(await RankPool.of(comm))
  expectType<Observable<number>>()(pool.map(task<(n: number) => number>(new URL('file:///x.js')), [1]))
  expectType<Observable<unknown>>()(pool.map(task(new URL('file:///x.js'), 'work'), [1]))
  expectType<unknown>()(await pool.run(task('file:///x.js'), 1))
  // @ts-expect-error the inputs are numbers
  pool.map((n: string) => n, [1, 2])
}

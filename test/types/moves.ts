/** What the compiler promises about what moves data. Checked by `tsc`, never run. */

import { EMPTY, type Observable, of } from 'rxjs'
import { COMM_WORLD as comm, type Request } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { expectType } from './equal.js'

declare const doubles: Float64Array<ArrayBuffer>
declare const shared: Int32Array<SharedArrayBuffer>
declare const maybe: Float64Array<ArrayBuffer> | undefined

export async function methods(): Promise<void> {
  expectType<number>()(await comm.scatter([1, 2]))
  expectType<string>()(await comm.scatter(comm.rank === 0 ? ['a', 'b'] : undefined))
  expectType<unknown>()(await comm.scatter(undefined))
  expectType<Date>()(await comm.scatter<Date>(undefined))
  expectType<Float64Array<ArrayBuffer>>()(await comm.scatter(doubles))
  expectType<Float64Array<ArrayBuffer>>()(await comm.scatter(maybe, { into: doubles }))
  expectType<Int32Array<ArrayBuffer>>()(await comm.scatter(shared))
  expectType<Float64Array<ArrayBuffer>>()(await comm.scatterv(maybe, { counts: [1, 2] }))
  // @ts-expect-error: a number cannot be dealt out
  await comm.scatter(1)
  // @ts-expect-error: runs are of typed arrays
  await comm.scatterv([1, 2], { counts: [1, 1] })

  expectType<number[] | undefined>()(await comm.gather(1))
  expectType<Float64Array<ArrayBuffer>[] | undefined>()(await comm.gather(doubles))
  expectType<Float64Array<ArrayBuffer> | undefined>()(await comm.gather(doubles, { into: doubles }))
  expectType<Float64Array<ArrayBuffer> | undefined>()(await comm.gatherv(doubles))
  expectType<string[]>()(await comm.allgather('a'))
  expectType<Int32Array<SharedArrayBuffer>>()(await comm.allgather(doubles, { into: shared }))
  expectType<Float64Array<ArrayBuffer>>()(await comm.allgatherv(doubles, { displs: Int32Array.of(0, 1) }))
  // @ts-expect-error: a value has no place in an array
  await comm.gather(1, { into: doubles })

  expectType<(string | number)[]>()(await comm.alltoall(['a', 1]))
  expectType<Float64Array<ArrayBuffer>>()(await comm.alltoall(doubles))
  expectType<Float64Array<ArrayBuffer>>()(await comm.alltoallv(doubles, { sendCounts: [1, 1] }))
  // @ts-expect-error: nobody knows how much is to be sent
  await comm.alltoallv(doubles, {})
  // @ts-expect-error: an algorithm of another collective
  await comm.allgather(1, { algorithm: 'binomial' })

  expectType<Request<number>>()(comm.iscatter([1, 2]))
  expectType<Request<number[] | undefined>>()(comm.igather(1))
  expectType<Request<string[]>>()(comm.iallgather('a'))
  expectType<Request<Float64Array<ArrayBuffer>>>()(comm.ialltoall(doubles))
}

export function operators(): void {
  expectType<Observable<number>>()(of([1, 2]).pipe(mpi.scatter(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.scatter(comm, { root: 1 })))
  expectType<Observable<number>>()((comm.rank === 0 ? of([1, 2]) : EMPTY).pipe(mpi.scatter(comm)))
  expectType<Observable<Int32Array<ArrayBuffer>>>()(of(shared).pipe(mpi.scatterv(comm, { counts: [1] })))
  expectType<Observable<number[]>>()(of(1).pipe(mpi.gather(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.gatherv(comm)))
  expectType<Observable<Date[]>>()(of(new Date()).pipe(mpi.allgather(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.allgatherv(comm)))
  expectType<Observable<string[]>>()(of(['a', 'b']).pipe(mpi.alltoall(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.alltoall(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.alltoallv(comm, { sendCounts: [1] })))
  // @ts-expect-error: operators give each round its own result
  mpi.gather(comm, { into: doubles })
}

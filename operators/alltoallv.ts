import { type AlltoallvOptions, alltoallvOf } from '../src/collective/definitions/alltoallv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { AlltoallvOptions }

/**
 * Gives every rank a run of the typed array that each rank has, of any length: the run for rank j of rank i becomes run i of rank j. Round
 * k takes the k-th array of each rank.
 *
 *     rank 0   source a--|   out -x--|
 *     rank 1   source b--|   out -y--|
 *
 * Here a is 1 2 3, of which rank 0 keeps 1, and b is 4 5 6, of which rank 1 keeps 5 6; so x is 1 4 and y is 2 3 5 6.
 *
 * Shape: typed arrays of one kind → one of that kind. Units: elements. Runs may leave out or repeat elements of what is given; what is
 * received is packed without `recvDispls`, and gaps need `into`, which only the method has. `recvCounts` that are not given are found out
 * on the way. Algorithm and cost: as `alltoall`. Source: MPI 4.1 §6.8.
 * Errors: ArgumentError, CountError at the call; CountError for data that is too short, DatatypeError for what is no typed array;
 * CollectiveMismatchError where the kinds differ or a rank gives another number than `recvCounts` says; RaggedStreamError, RemoteError,
 * RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Alltoallv, MPI_Ialltoallv; mpi4py: comm.Alltoallv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * const sendCounts = comm.rank === 0 ? [1, 2] : [0, 1]
 * of(Int32Array.of(1, 2, 3).map((k) => 10 * comm.rank + k))
 *   .pipe(mpi.alltoallv(comm, { sendCounts }))
 *   .subscribe((runs) => console.log(runs.join())) // [0] 1 [1] 2,3,11
 * ```
 */
export function alltoallv<D extends TypedArray>(comm: AnyCommunicator, options: AlltoallvOptions): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, alltoallvOf, options)
}

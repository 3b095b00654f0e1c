import { type AllgathervOptions, allgathervOf } from '../src/collective/definitions/allgatherv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { AllgathervOptions }

/**
 * Joins typed arrays of any length on all ranks, in rank order: round k takes the k-th array of each rank.
 *
 *     rank 0   source a--d--|   out -x--y--|
 *     rank 1   source b--e--|   out -x--y--|
 *
 * Here a is 1, b is 2 3, so x is 1 2 3; d is 4, e is 5 6, so y is 4 5 6.
 *
 * Shape: typed arrays of one kind → one of that kind everywhere. Units: elements. Without `displs` the runs are packed, and gaps between
 * them need `into`, which only the method has. Counts that are not given are found out on the way. Algorithm and cost: as `allgather`.
 * Source: MPI 4.1 §6.7.
 * Errors: ArgumentError, CountError at the call; DatatypeError for what is no typed array; CollectiveMismatchError where the kinds differ
 * or a rank gives another number than `counts` says; RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Allgatherv, MPI_Iallgatherv; mpi4py: comm.Allgatherv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(new Int32Array(comm.rank + 1).fill(comm.rank))
 *   .pipe(mpi.allgatherv(comm))
 *   .subscribe((all) => console.log(all.join())) // [0] 0,1,1 [1] 0,1,1
 * ```
 */
export function allgatherv<D extends TypedArray>(
  comm: AnyCommunicator,
  options: AllgathervOptions = {}
): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, allgathervOf, options)
}

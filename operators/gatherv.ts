import { type GathervOptions, gathervOf } from '../src/collective/definitions/gatherv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { GathervOptions }

/**
 * Joins typed arrays of any length at the root, in rank order: round k takes the k-th array of each rank.
 *
 *     rank 0 (root)   source a--d--|   out -x--y--|
 *     rank 1          source b--e--|   out -------|
 *
 * Here a is 1, b is 2 3, so x is 1 2 3; d is 4, e is 5 6, so y is 4 5 6.
 *
 * Shape: typed arrays of one kind → one of that kind at the root, the others only complete. Units: elements. `counts` and `displs` are read
 * at the root only; without `displs` the runs are packed, and gaps between them need `into`, which only the method has. Counts that are not
 * given are found out on the way. Algorithm and cost: as `gather`. Source: MPI 4.1 §6.5.
 * Errors: RankError, ArgumentError, CountError at the call; DatatypeError for what is no typed array; CollectiveMismatchError where the
 * kinds differ or a rank gives another number than `counts` says; RaggedStreamError, RemoteError, RankFailedError, DeadlockError,
 * AbortError. MPI: MPI_Gatherv, MPI_Igatherv; mpi4py: comm.Gatherv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(new Int32Array(comm.rank + 1).fill(comm.rank))
 *   .pipe(mpi.gatherv(comm))
 *   .subscribe((all) => console.log(all.join())) // [0] 0,1,1
 * ```
 */
export function gatherv<D extends TypedArray>(comm: AnyCommunicator, options: GathervOptions = {}): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, gathervOf, options)
}

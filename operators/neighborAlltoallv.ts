import { type NeighborAlltoallvOptions, neighborAlltoallvOf } from '../src/collective/definitions/neighborAlltoallv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { NeighborAlltoallvOptions }

/**
 * Gives each neighbour a run of a typed array: `sendCounts[j]` elements from element `sendDispls[j]` on to dest j; what comes from source j
 * begins at element `recvDispls[j]`, or behind the last.
 *
 *     rank 0   source a--c--|   out -x--u--|
 *     rank 1   source b--d--|   out -y--v--|
 *
 * On a ring of two with `sendCounts` [1, 2], a is [1, 2, 3] and b is [4, 5, 6]; then x is [5, 6, 4] and y is [2, 3, 1], u and v likewise.
 *
 * Shape: a typed array → one of the same kind. Algorithm, windows and streams as of `neighborAlltoall`.
 * Errors: ArgumentError, CountError at the call; CountError for an array that is too short, DatatypeError, CollectiveMismatchError where
 * kinds differ, or lengths and `recvCounts`; RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Neighbor_alltoallv, MPI_Ineighbor_alltoallv; mpi4py: comm.Neighbor_alltoallv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { finalize, of } from 'rxjs'
 *
 * const ring = (await comm.cart({ dims: 1, periodic: true }))!
 * of(Int32Array.of(1, 2, 3).map((k) => 10 * ring.rank + k))
 *   .pipe(
 *     mpi.neighborAlltoallv(ring, { sendCounts: [1, 2] }),
 *     finalize(() => ring.free())
 *   )
 *   .subscribe((joined) => console.log(joined.join())) // [0] 12,13,11 [1] 2,3,1
 * ```
 */
export function neighborAlltoallv<D extends TypedArray>(
  comm: Communicator,
  options: NeighborAlltoallvOptions
): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, neighborAlltoallvOf, options)
}

import { type NeighborAllgathervOptions, neighborAllgathervOf } from '../src/collective/definitions/neighborAllgatherv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { NeighborAllgathervOptions }

/**
 * Gives the typed array of each rank, of any length, to all its neighbours: each gets those of its sources joined to one, in their order.
 *
 *     rank 0   source a--c--|   out -x--u--|
 *     rank 1   source b--d--|   out -y--v--|
 *
 * On a ring of two: x is b twice, y is a twice, u is d twice and v is c twice.
 *
 * Shape: a typed array → one of the same kind, with part j from source j; the run of no neighbour (PROC_NULL) has `counts[j]` zeros, or
 * none. Algorithm, windows and streams as of `neighborAllgather`.
 * Errors: ArgumentError, CountError at the call; DatatypeError, CollectiveMismatchError where kinds differ, or lengths and `counts`;
 * RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Neighbor_allgatherv, MPI_Ineighbor_allgatherv; mpi4py: comm.Neighbor_allgatherv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { finalize, of } from 'rxjs'
 *
 * const ring = (await comm.cart({ dims: 1, periodic: true }))!
 * of(Int32Array.from({ length: ring.rank + 1 }, () => ring.rank))
 *   .pipe(
 *     mpi.neighborAllgatherv(ring),
 *     finalize(() => ring.free())
 *   )
 *   .subscribe((joined) => console.log(joined.join())) // [0] 1,1,1,1 [1] 0,0
 * ```
 */
export function neighborAllgatherv<D extends TypedArray>(
  comm: Communicator,
  options: NeighborAllgathervOptions = {}
): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, neighborAllgathervOf, options)
}

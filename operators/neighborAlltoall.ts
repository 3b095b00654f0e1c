import type { StreamOptions } from '../src/collective/definition.js'
import { neighborAlltoallOf } from '../src/collective/definitions/neighborAlltoall.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

/** What a rank gets of its sources for what it gives its dests: of a typed array its runs. `undefined` where there is no neighbour. */
export type NeighborExchanged<D> = D extends TypedArray
  ? (Reduced<D> | undefined)[]
  : D extends readonly (infer T)[]
    ? (T | undefined)[]
    : unknown[]

/**
 * Gives each neighbour a part of its own: what a rank has for dest j, and gets of source j. On a grid, what is given for one direction
 * arrives in the part for the opposite one: what goes up comes from below.
 *
 *     rank 0   source a--c--|   out -x--u--|
 *     rank 1   source b--d--|   out -y--v--|
 *
 * On a ring of two a is ['down', 'up'] of rank 0 and b that of rank 1; then x is b the other way round, its 'up' from below and its 'down'
 * from above; y, u and v likewise.
 *
 * Shape: an array of as many values as dests, or a typed array of as many equal runs → an array of as many values as sources, `undefined`
 * where there is no neighbour (PROC_NULL). On a graph the k-th edge to a rank meets its k-th from here. Windows and streams as of
 * `neighborAllgather`. Algorithm: a message a dest, all at once. Source: MPI 4.1 §8.6.
 * Errors: ArgumentError at the call, also on a communicator that is no topology; CountError for a length that cannot be dealt out,
 * DatatypeError for what is no array, DataCloneError, CollectiveMismatchError; RaggedStreamError, RemoteError, RankFailedError,
 * DeadlockError, AbortError.
 * MPI: MPI_Neighbor_alltoall, MPI_Ineighbor_alltoall; mpi4py: comm.neighbor_alltoall, comm.Neighbor_alltoall.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { finalize, of } from 'rxjs'
 *
 * const line = (await comm.cart({ dims: [2] }))!
 * of([`${line.rank} down`, `${line.rank} up`])
 *   .pipe(
 *     mpi.neighborAlltoall(line),
 *     finalize(() => line.free())
 *   )
 *   .subscribe((parts) => console.log(parts)) // [0] [ undefined, '1 down' ] [1] [ '0 up', undefined ]
 * ```
 */
export function neighborAlltoall<D>(comm: Communicator, options: StreamOptions = {}): CollectiveOperator<D, NeighborExchanged<D>> {
  return operator<D, NeighborExchanged<D>>(comm, neighborAlltoallOf, options)
}

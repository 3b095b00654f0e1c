import type { StreamOptions } from '../src/collective/definition.js'
import { neighborAllgatherOf } from '../src/collective/definitions/neighborAllgather.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'

/**
 * Gives what each rank has to all its neighbours: each gets an array with the values of its sources, in their order.
 *
 *     rank 0   source a--c--|   out -x--u--|
 *     rank 1   source b--d--|   out -y--v--|
 *
 * On a ring of two, where each is the other's neighbour on both sides: x is [b, b], y is [a, a], u is [d, d] and v is [c, c].
 *
 * Shape: T → T[], `undefined` where there is no neighbour (PROC_NULL). Only neighbours wait for each other: a rank may be `window` rounds
 * ahead of them. With `ragged: 'rest'` the part of a rank that has ended is `undefined`. Algorithm: a message a dest, all at once; a rank
 * sends as many bytes as it gives, to each. Source: MPI 4.1 §8.6.
 * Errors: ArgumentError at the call, also on a communicator that is no topology; DataCloneError, CollectiveMismatchError;
 * RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Neighbor_allgather, MPI_Ineighbor_allgather; mpi4py: comm.neighbor_allgather, comm.Neighbor_allgather.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { finalize, of } from 'rxjs'
 *
 * const ring = (await comm.cart({ dims: 1, periodic: true }))!
 * of(`from ${ring.rank}`)
 *   .pipe(
 *     mpi.neighborAllgather(ring),
 *     finalize(() => ring.free())
 *   )
 *   .subscribe((names) => console.log(names.join(', '))) // [0] from 1, from 1 [1] from 0, from 0
 * ```
 */
export function neighborAllgather<T>(comm: Communicator, options: StreamOptions = {}): CollectiveOperator<T, (T | undefined)[]> {
  return operator<T, (T | undefined)[]>(comm, neighborAllgatherOf, options)
}

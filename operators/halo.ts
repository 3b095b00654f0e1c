import type { HaloArray } from '../src/collective/halo/arrays.js'
import type { Halo } from '../src/collective/halo/halo.js'
import type { CollectiveOperator } from '../src/collective/operator.js'
import { checkKind } from '../src/diagnostics/arguments.js'

/**
 * Fills the ghosts of each array of a stream, or of each list of arrays, in order.
 *
 *     rank 0   source u--v--|   out -u--v--|
 *     rank 1   source u--v--|   out -u--v--|
 *
 * Shape: the arrays that are given, with their ghosts filled. Only neighbours wait for each other, a round at a time. Algorithm: a message
 * a neighbour; with corners dimension by dimension, so that 3ⁿ - 1 neighbours cost 2 n messages.
 * Errors: ArgumentError at the call; CountError for another length, DatatypeError, CollectiveMismatchError; RaggedStreamError, RemoteError,
 * RankFailedError, FreedError, DeadlockError, AbortError.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { finalize, of } from 'rxjs'
 *
 * const line = (await comm.cart({ dims: [2] }))!
 * const halo = line.halo({ sizes: [1], boundary: -1 })
 * of(Int32Array.of(0, 7 + line.rank, 0))
 *   .pipe(
 *     mpi.halo(halo),
 *     finalize(() => line.free())
 *   )
 *   .subscribe((u) => console.log(u.join())) // [0] -1,7,8 [1] 7,8,-1
 * ```
 */
export function halo<T extends HaloArray | readonly HaloArray[]>(
  halo: Halo,
  options: { signal?: AbortSignal } = {}
): CollectiveOperator<T, T> {
  checkKind(halo, 'halo', 'cart.halo()')
  return halo.operator<T>(options)
}

import { type GatherOptions, gatherOf } from '../src/collective/definitions/gather.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

export type { GatherOptions }

/**
 * Collects the values of all ranks at the root, in rank order: round k takes the k-th value of each.
 *
 *     rank 0 (root)   source a--d--|   out -x--y---|
 *     rank 1          source b--e--|   out --------|
 *     rank 2          source c--f--|   out --------|
 *
 * Here x is [a, b, c] and y is [d, e, f].
 *
 * Shape: T on every rank, also of different kinds and lengths → T[] of `size` values at the root, the others only complete. With
 * `ragged: 'rest'` the place of a rank that has ended holds `undefined`. Algorithm: blocks below 4 KiB go up a binomial tree, ⌈log₂ p⌉
 * steps, the root receives n (p - 1) bytes, a rank on the way sends what those above it have given; larger ones go straight to the root,
 * all at once. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.5.
 * Streams: a rank may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; DataCloneError for a value that cannot be sent; CollectiveMismatchError, RaggedStreamError,
 * RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Gather, MPI_Igather; mpi4py: comm.gather, comm.Gather.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(comm.rank, comm.rank + 10)
 *   .pipe(mpi.gather(comm))
 *   .subscribe((ranks) => console.log(ranks.join())) // [0] 0,1 [0] 10,11
 * ```
 */
export function gather<T>(comm: AnyCommunicator, options: GatherOptions = {}): CollectiveOperator<T, T[]> {
  return operator<T, T[]>(comm, gatherOf, options)
}

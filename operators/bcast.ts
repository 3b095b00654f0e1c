import { type BcastOptions, bcastOf } from '../src/collective/definitions/bcast.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

export type { BcastOptions }

/**
 * Sends every value of the root's source to all ranks, in order. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source a--b--|     out a--b--|
 *     rank 1          source (ignored)   out -a--b--|
 *     rank 2          source (ignored)   out -a--b--|
 *
 * Shape: T at the root → T everywhere, the root's own object at the root. Algorithm: a binomial tree, ⌈log₂ p⌉ steps; every rank but the
 * root receives n bytes, the root sends n ⌈log₂ p⌉. On more than 3 ranks arrays above 32 KiB follow in pieces down a chain of the ranks:
 * p - 2 pieces more than one rank would take, and each sends n once. On several hosts tree and chain go host by host, so that n bytes come
 * to each once.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.4.
 * Streams: as long as the root's; the root may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; DataCloneError for a value that cannot be sent; CollectiveMismatchError, RemoteError,
 * RankFailedError, DeadlockError, AbortError. MPI: MPI_Bcast, MPI_Ibcast; mpi4py: comm.bcast, comm.Bcast.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { EMPTY, of } from 'rxjs'
 *
 * const settings = comm.rank === 0 ? of({ step: 0.1 }, { step: 0.05 }) : EMPTY
 * settings.pipe(mpi.bcast(comm)).subscribe(({ step }) => console.log(step)) // [0] 0.1 [0] 0.05 [1] 0.1 [1] 0.05
 * ```
 */
export function bcast<T>(comm: AnyCommunicator, options: BcastOptions = {}): CollectiveOperator<T, T> {
  return operator<T, T>(comm, bcastOf, options)
}

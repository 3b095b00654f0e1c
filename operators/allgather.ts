import { type AllgatherOptions, allgatherOf } from '../src/collective/definitions/allgather.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

export type { AllgatherOptions }

/**
 * Collects the values of all ranks on all of them, in rank order: round k takes the k-th value of each.
 *
 *     rank 0   source a--d--|   out --x--y--|
 *     rank 1   source b--e--|   out --x--y--|
 *     rank 2   source c--f--|   out --x--y--|
 *
 * Here x is [a, b, c] and y is [d, e, f].
 *
 * Shape: T on every rank, also of different kinds and lengths → T[] of `size` values everywhere. With `ragged: 'rest'` the place of a rank
 * that has ended holds `undefined`. Algorithm: blocks below 4 KiB in bundles that double, ⌈log₂ p⌉ steps; larger ones round a ring, p - 1
 * steps, each straight to its place and on from there. Either way a rank sends n (p - 1) bytes. Source: Bruck et al., IEEE TPDS 8(11),
 * 1997; Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.7.
 * Errors: ArgumentError at the call; DataCloneError for a value that cannot be sent; CollectiveMismatchError, RaggedStreamError,
 * RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Allgather, MPI_Iallgather; mpi4py: comm.allgather, comm.Allgather.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(`rank ${comm.rank}`)
 *   .pipe(mpi.allgather(comm))
 *   .subscribe((names) => console.log(names.join(' and '))) // [0] rank 0 and rank 1 [1] rank 0 and rank 1
 * ```
 */
export function allgather<T>(comm: AnyCommunicator, options: AllgatherOptions = {}): CollectiveOperator<T, T[]> {
  return operator<T, T[]>(comm, allgatherOf, options)
}

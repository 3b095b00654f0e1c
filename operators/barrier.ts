import type { StreamOptions } from '../src/collective/definition.js'
import { barrierOf } from '../src/collective/definitions/barrier.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

/**
 * Lets value k of a rank pass once value k has come on all ranks.
 *
 *     rank 0   source a---b--|     out ---a----b|
 *     rank 1   source --a----b|    out --a----b|
 *
 * Shape: T → T, on every rank its own. Nothing of the values is sent. Algorithm: dissemination, ⌈log₂ p⌉ steps, in which every rank sends
 * an empty message; on several hosts one rank of each speaks for the others, ⌈log₂ hosts⌉ steps between them.
 * Source: Hensgen, Finkel, Manber, IJPP 17(1), 1988; MPI 4.1 §6.3.
 * Streams: as many values on every rank, or what `ragged` says. Errors: CollectiveMismatchError, RaggedStreamError, RemoteError,
 * RankFailedError, DeadlockError, AbortError. MPI: MPI_Barrier, MPI_Ibarrier; mpi4py: comm.Barrier.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { setTimeout } from 'node:timers/promises'
 * import { concatMap, from } from 'rxjs'
 *
 * // Nobody begins a phase before all have come to it.
 * from(['load', 'compute'])
 *   .pipe(concatMap((phase) => setTimeout(10 * comm.rank, phase)), mpi.barrier(comm))
 *   .subscribe(console.log) // [0] load [0] compute [1] load [1] compute
 * ```
 */
export function barrier<T>(comm: AnyCommunicator, options: StreamOptions = {}): CollectiveOperator<T, T> {
  return operator<T, T>(comm, barrierOf, options)
}

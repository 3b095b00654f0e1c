import type { StreamOptions } from '../src/collective/definition.js'
import { exscanOf } from '../src/collective/definitions/exscan.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op/op.js'
import { SUM } from '../src/op/op.js'

/**
 * Combines, on every rank, the k-th values of the ranks before it. Rank 0 has none before it: it gets `undefined` every round.
 *
 *     rank 0   source a--b--|    out u--u----|
 *     rank 1   source a--b--|    out -a--b---|
 *     rank 2   source a--b--|    out -b--d---|
 *
 * where u is `undefined` and another letter its place in the alphabet. Shape: T → T, `undefined` on rank 0; arrays element by element. In
 * the order of the ranks, whatever the op. The same bits in every run. Algorithm: recursive doubling, ⌈log₂ p⌉ steps, in each a rank sends
 * n bytes where there is a rank ahead, and combines twice. Source: Hillis, Steele, CACM 29(12), 1986; MPI 4.1 §6.11.2. Streams: as many
 * values on every rank, or what `ragged` says; a rank may be `window` rounds ahead of those behind it. With `ragged: 'rest'` a rank whose
 * own stream is over gets only what others before it give.
 * Errors: ArgumentError at the call; DatatypeError for a value that the op does not take; CollectiveMismatchError where kinds or lengths
 * differ; what the op throws, as RemoteError on the other ranks; RaggedStreamError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Exscan, MPI_Iexscan; mpi4py: comm.exscan, comm.Exscan.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from, map } from 'rxjs'
 *
 * // Where each rank's lines begin in a file that all write together.
 * const lines = [['one', 'two'], ['three', 'four']][comm.rank]
 * from(lines)
 *   .pipe(map((line) => line.length), mpi.exscan(comm, SUM), map((start = 0) => start))
 *   .subscribe(console.log) // [0] 0 [0] 0 [1] 3 [1] 3
 * ```
 */
export function exscan<T extends Arithmetic>(
  comm: Communicator,
  op?: undefined,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T> | undefined>
export function exscan<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T> | undefined>
export function exscan<T>(comm: Communicator, op: Op<T>, options?: StreamOptions): CollectiveOperator<T, T | undefined>
export function exscan(comm: Communicator, op: AnyOp = SUM, options: StreamOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, exscanOf, options, op)
}

import { type Divided, type ReduceScatterOptions, reduceScatterOf } from '../src/collective/definitions/reduceScatter.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced, TypedArray } from '../src/op/op.js'
import { SUM } from '../src/op/op.js'

export type { Divided, ReduceScatterOptions }

/**
 * Combines the k-th arrays of all ranks element by element and divides the result among them: every rank gets its block.
 *
 *     rank 0   source a--b--|    out -x--x--|
 *     rank 1   source b--a--|    out -y--y--|
 *
 * where a is [1, 2], b is [3, 4], x is 4 and y is 6. Shape: an array of p values → the combined value of this rank's place; a typed array →
 * a run of it, of `counts[rank]` elements, by default of length ⁄ p. Units: `counts` in elements. In the order of the ranks unless the op
 * is commutative. The same bits in every run.
 * Algorithm: recursive halving, log₂ p steps, a rank sends n (p - 1) ⁄ p bytes; ⌊log₂ p⌋ + 2 steps where p is no power of two, and then
 * some send n more, so single arrays of 256 KiB and more go pairwise there: p - 1 steps, n (p - 1) ⁄ p bytes. Source: Thakur, Rabenseifner,
 * Gropp, IJHPCA 19(1), 2005, §4.3; MPI 4.1 §6.10.
 * Streams: as many values on every rank, or what `ragged` says; up to `window` rounds are under way at the same time.
 * Errors: ArgumentError, CountError at the call; CountError for a length that does not divide evenly, or is not the sum of the counts;
 * DatatypeError for what the op does not take; CollectiveMismatchError where kinds, lengths or counts differ; what the op throws, as
 * RemoteError on the other ranks; RaggedStreamError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Reduce_scatter,
 * MPI_Reduce_scatter_block, MPI_Ireduce_scatter; mpi4py: comm.reduce_scatter, comm.Reduce_scatter.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * // Each rank has votes for both; each counts one.
 * const votes = [[3, 8], [5, 1]][comm.rank]
 * of(votes).pipe(mpi.reduceScatter(comm, SUM)).subscribe(console.log) // [0] 8 [1] 9
 * ```
 */
export function reduceScatter<T extends TypedArray | readonly Arithmetic[]>(
  comm: AnyCommunicator,
  op?: undefined,
  options?: ReduceScatterOptions
): CollectiveOperator<T, Reduced<Divided<T>>>
export function reduceScatter<T extends TypedArray | readonly Operand[]>(
  comm: AnyCommunicator,
  op: PredefinedOp<NoInfer<Divided<T>>>,
  options?: ReduceScatterOptions
): CollectiveOperator<T, Reduced<Divided<T>>>
export function reduceScatter<T extends TypedArray>(
  comm: AnyCommunicator,
  op: Op<T>,
  options?: ReduceScatterOptions
): CollectiveOperator<T | readonly T[], T>
export function reduceScatter<T>(comm: AnyCommunicator, op: Op<T>, options?: ReduceScatterOptions): CollectiveOperator<readonly T[], T>
export function reduceScatter(
  comm: AnyCommunicator,
  op: AnyOp = SUM,
  options: ReduceScatterOptions = {}
): CollectiveOperator<never, unknown> {
  return operator(comm, reduceScatterOf, options, op)
}

import { type ReduceOptions, reduceOf } from '../src/collective/definitions/reduce.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op/op.js'
import { SUM } from '../src/op/op.js'

export type { ReduceOptions }

/**
 * Combines the k-th values of all ranks with an op; the root gets one result a round, in order.
 *
 *     rank 0 (root)   source a--b--|    out -f---e--|
 *     rank 1          source b-b--|     out -------|
 *     rank 2          source c---a-|    out --------|
 *
 * where a letter is its place in the alphabet. Shape: T → T at the root, nothing elsewhere; arrays element by element. In the order of the
 * ranks unless the op is commutative. The same bits in every run. Algorithm: a binomial tree, ⌈log₂ p⌉ steps, a rank sends n bytes; one
 * step more where an op that is not commutative has another root than 0. Single arrays of 64 KiB and more on more than 4 ranks by halves: 2
 * log₂ p steps, a rank sends less than 2 n and combines n. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.4; MPI 4.1 §6.9.1.
 * Streams: as many values on every rank, or what `ragged` says; a rank may be `window` rounds ahead.
 * Errors: RankError, ArgumentError at the call; DatatypeError for a value that the op does not take; CollectiveMismatchError where kinds or
 * lengths differ; what the op throws, as RemoteError on the other ranks; RaggedStreamError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Reduce, MPI_Ireduce; mpi4py: comm.reduce, comm.Reduce.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, MAX } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from } from 'rxjs'
 *
 * const temperatures = [[12.5, 13], [14, 11.5]][comm.rank]
 * from(temperatures).pipe(mpi.reduce(comm, MAX)).subscribe(console.log) // [0] 14 [0] 13
 * ```
 */
export function reduce<T extends Arithmetic>(
  comm: AnyCommunicator,
  op?: undefined,
  options?: ReduceOptions
): CollectiveOperator<T, Reduced<T>>
export function reduce<T extends Operand>(
  comm: AnyCommunicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: ReduceOptions
): CollectiveOperator<T, Reduced<T>>
export function reduce<T>(comm: AnyCommunicator, op: Op<T>, options?: ReduceOptions): CollectiveOperator<T, T>
export function reduce(comm: AnyCommunicator, op: AnyOp = SUM, options: ReduceOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, reduceOf, options, op)
}

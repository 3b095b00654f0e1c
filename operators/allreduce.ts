import { type AllreduceOptions, allreduceOf } from '../src/collective/definitions/allreduce.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op/op.js'
import { SUM } from '../src/op/op.js'

export type { AllreduceOptions }

/**
 * Combines the k-th values of all ranks with an op; every rank gets every result, in order.
 *
 *     rank 0   source a--b--|    out ---c-d-|
 *     rank 1   source --b-b-|    out --c-d--|
 *
 * where a letter is its place in the alphabet. Shape: T → T; arrays element by element. In the order of the ranks unless the op is
 * commutative. The same bits on every rank and in every run. Algorithm: recursive doubling, log₂ p steps, ⌊log₂ p⌋ + 2 where p is no power
 * of two, a rank sends n bytes in each. Single arrays of 32 KiB and more by Rabenseifner: 2 log₂ p steps, a rank sends 2 n (p - 1) ⁄ p and
 * combines half of that. `algorithm: 'ring'` does the same in 2 (p - 1) steps between neighbours. On several hosts one rank of each doubles
 * for the others, where that gives the same bits (docs/reference/algorithms.md). Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005,
 * §4.5; Patarasuk, Yuan, JPDC 69(2), 2009; MPI 4.1 §6.9.6.
 * Streams: as many values on every rank, or what `ragged` says; up to `window` rounds are under way at the same time.
 * Errors: ArgumentError at the call; DatatypeError for a value that the op does not take; CollectiveMismatchError where kinds or lengths
 * differ; what the op throws, as RemoteError on the other ranks; RaggedStreamError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Allreduce, MPI_Iallreduce; mpi4py: comm.allreduce, comm.Allreduce.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { map, range } from 'rxjs'
 *
 * // The mean of what all ranks have measured, in every round.
 * range(1, 2)
 *   .pipe(map((k) => k * (comm.rank + 1)), mpi.allreduce(comm, SUM), map((sum) => sum / comm.size))
 *   .subscribe(console.log) // [0] 1.5 [0] 3 [1] 1.5 [1] 3
 * ```
 */
export function allreduce<T extends Arithmetic>(
  comm: AnyCommunicator,
  op?: undefined,
  options?: AllreduceOptions
): CollectiveOperator<T, Reduced<T>>
export function allreduce<T extends Operand>(
  comm: AnyCommunicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: AllreduceOptions
): CollectiveOperator<T, Reduced<T>>
export function allreduce<T>(comm: AnyCommunicator, op: Op<T>, options?: AllreduceOptions): CollectiveOperator<T, T>
export function allreduce(comm: AnyCommunicator, op: AnyOp = SUM, options: AllreduceOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, allreduceOf, options, op)
}

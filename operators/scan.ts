import type { StreamOptions } from '../src/collective/definition.js'
import { scanOf } from '../src/collective/definitions/scan.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op/op.js'
import { SUM } from '../src/op/op.js'

/**
 * Combines, on every rank, the k-th values of the ranks up to itself: a prefix reduction over ranks, where RxJS's `scan` is one over time.
 *
 *     rank 0   source a--b--|    out a--b----|
 *     rank 1   source a--b--|    out -b--d---|
 *     rank 2   source a--b--|    out -c--f---|
 *
 * where a letter is its place in the alphabet. Shape: T → T; arrays element by element. In the order of the ranks, whatever the op. The
 * same bits in every run.
 * Algorithm: recursive doubling, ⌈log₂ p⌉ steps, in each a rank sends n bytes where there is a rank ahead. Source: Hillis, Steele, CACM
 * 29(12), 1986; MPI 4.1 §6.11.
 * Streams: as many values on every rank, or what `ragged` says; a rank may be `window` rounds ahead of those behind it.
 * Errors: ArgumentError at the call; DatatypeError for a value that the op does not take; CollectiveMismatchError where kinds or lengths
 * differ; what the op throws, as RemoteError on the other ranks; RaggedStreamError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Scan, MPI_Iscan; mpi4py: comm.scan, comm.Scan.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, createOp } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from } from 'rxjs'
 *
 * const join = createOp((a: string, b: string) => `${a} ${b}`)
 * from([['to', 'or'], ['be', 'not']][comm.rank]).pipe(mpi.scan(comm, join)).subscribe(console.log) // [0] to [0] or [1] to be [1] or not
 * ```
 */
export function scan<T extends Arithmetic>(comm: Communicator, op?: undefined, options?: StreamOptions): CollectiveOperator<T, Reduced<T>>
export function scan<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T>>
export function scan<T>(comm: Communicator, op: Op<T>, options?: StreamOptions): CollectiveOperator<T, T>
export function scan(comm: Communicator, op: AnyOp = SUM, options: StreamOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, scanOf, options, op)
}

import { map } from 'rxjs'
import { Accumulator, shapeOf } from '../src/collective/algorithms/accumulator.js'
import { checkAlgorithm } from '../src/collective/algorithms/algorithm.js'
import { Blocks } from '../src/collective/algorithms/blocks.js'
import { checkDivided, ownBlock } from '../src/collective/algorithms/checks.js'
import { checkCounts } from '../src/collective/algorithms/counts-displs.js'
import { each } from '../src/collective/algorithms/each.js'
import { pairwiseReduceScatter } from '../src/collective/algorithms/reduceScatter.pairwise.js'
import { recursiveHalvingReduceScatter } from '../src/collective/algorithms/reduceScatter.recursiveHalving.js'
import type { Into } from '../src/collective/algorithms/reduction.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkInto } from '../src/diagnostics/arguments.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced, TypedArray } from '../src/op/op.js'
import { checkOp, isTypedArray, SUM } from '../src/op/op.js'

export interface ReduceScatterOptions extends StreamOptions {
  /** How many elements of a typed array each rank gets; by default as many as any other. The same on all ranks. */
  counts?: ArrayLike<number>
  /** For experts. By default blocks are halved, but arrays of 256 KiB and more go pairwise where the number of ranks is no power of two. */
  algorithm?: keyof typeof algorithms
}

/** What a rank gets of what is divided. */
export type Divided<T> = T extends readonly (infer E)[] ? E : T

const algorithms = { recursiveHalving: recursiveHalvingReduceScatter, pairwise: pairwiseReduceScatter }

/** Arrays from here on are worth more steps, where halving would send the whole of some. */
const LARGE_BYTES = 2 ** 18

/**
 * Combines the k-th arrays of all ranks element by element and divides the result among them: every rank gets its block.
 *
 *     rank 0   source a--b--|    out -x--x--|
 *     rank 1   source b--a--|    out -y--y--|
 *
 * where a is [1, 2], b is [3, 4], x is 4 and y is 6. Shape: an array of p values → the combined value of this rank's place; a typed array → a run of it, of
 * `counts[rank]` elements, by default of length ⁄ p. Units: `counts` in elements. In the order of the ranks unless the op is commutative. The same bits in every run.
 * Algorithm: recursive halving, log₂ p steps, a rank sends n (p - 1) ⁄ p bytes; ⌊log₂ p⌋ + 2 steps where p is no power of two, and then some send n more, so single arrays of
 * 256 KiB and more go pairwise there: p - 1 steps, n (p - 1) ⁄ p bytes. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.3; MPI 4.1 §6.10.
 * Streams: as many values on every rank, or what `ragged` says; up to `window` rounds are under way at the same time.
 * Errors: ArgumentError, CountError at the call; CountError for a length that does not divide evenly, or is not the sum of the counts; DatatypeError for what the op does not
 * take; CollectiveMismatchError where kinds, lengths or counts differ; what the op throws, as RemoteError on the other ranks; RaggedStreamError, RankFailedError,
 * DeadlockError, AbortError. MPI: MPI_Reduce_scatter, MPI_Reduce_scatter_block, MPI_Ireduce_scatter; mpi4py: comm.reduce_scatter, comm.Reduce_scatter.
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
  comm: Communicator,
  op?: undefined,
  options?: ReduceScatterOptions
): CollectiveOperator<T, Reduced<Divided<T>>>
export function reduceScatter<T extends TypedArray | readonly Operand[]>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<Divided<T>>>,
  options?: ReduceScatterOptions
): CollectiveOperator<T, Reduced<Divided<T>>>
export function reduceScatter<T extends TypedArray>(
  comm: Communicator,
  op: Op<T>,
  options?: ReduceScatterOptions
): CollectiveOperator<T | readonly T[], T>
export function reduceScatter<T>(comm: Communicator, op: Op<T>, options?: ReduceScatterOptions): CollectiveOperator<readonly T[], T>
export function reduceScatter(comm: Communicator, op: AnyOp = SUM, options: ReduceScatterOptions = {}): CollectiveOperator<never, unknown> {
  return operator(comm, () => reduceScatterOf(comm, op, options), options)
}

/** @internal */
export function reduceScatterOf(
  comm: Collectives,
  op: AnyOp,
  { counts, into, algorithm }: ReduceScatterOptions & Into
): Definition<unknown, unknown> {
  const { rank, size } = comm
  checkOp(op)
  checkAlgorithm(algorithm, algorithms)
  if (counts !== undefined) checkCounts(counts, size)
  if (into !== undefined) checkInto(into)
  const blocks = new Blocks(size, counts)
  const whole = each(op)
  const begin = (data: unknown): Accumulator => {
    const shape = shapeOf(data)
    return new Accumulator(data, op, { shape: counts === undefined ? shape : blocks.mark(shape), whole })
  }
  return {
    name: 'reduceScatter',
    op: op.name,
    algorithm,
    check: (data) => checkDivided(data, op, size, counts, rank, into),
    suited: (single) =>
      isTypedArray(single) && single.byteLength >= LARGE_BYTES && !Number.isInteger(Math.log2(size)) ? 'pairwise' : undefined,
    build:
      (links, chosen = 'recursiveHalving') =>
      (values) =>
        values.pipe(
          map(begin),
          algorithms[chosen as keyof typeof algorithms](links, blocks, begin),
          links.settled(),
          map((partial) => ownBlock(partial, into as TypedArray | undefined))
        )
  }
}

import { map } from 'rxjs'
import { checkInto } from '../src/arguments.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { AnyOp, Op, Operand, PredefinedOp, Reduced, TypedArray } from '../src/op.js'
import { checkOp, isTypedArray, SUM } from '../src/op.js'
import { checkAlgorithm } from './algorithms/algorithm.js'
import { Blocks } from './algorithms/blocks.js'
import { checkCounts, checkDivided, ownBlock } from './algorithms/divided.js'
import { each } from './algorithms/each.js'
import { Partial, shapeOf } from './algorithms/partial.js'
import { pairwiseReduceScatter } from './algorithms/reduceScatter.pairwise.js'
import { recursiveHalvingReduceScatter } from './algorithms/reduceScatter.recursiveHalving.js'
import type { Into } from './algorithms/reduction.js'

export interface ReduceScatterOptions extends StreamOptions {
  /** How many elements of a typed array each rank gets; by default as many as any other. The same on all ranks. */
  counts?: readonly number[]
  /** For experts. By default blocks are halved, but arrays of 256 KiB and more go pairwise where the number of ranks is no power of two. */
  algorithm?: keyof typeof algorithms
}

const algorithms = { recursiveHalving: recursiveHalvingReduceScatter, pairwise: pairwiseReduceScatter }

/** Arrays from here on are worth more steps, where halving would send the whole of some. */
const LARGE_BYTES = 2 ** 18

export function reduceScatter<T extends TypedArray>(
  comm: Communicator,
  op?: PredefinedOp<NoInfer<T>>,
  options?: ReduceScatterOptions
): CollectiveOperator<T, Reduced<T>>
export function reduceScatter<T extends Operand>(
  comm: Communicator,
  op?: PredefinedOp<NoInfer<T>>,
  options?: ReduceScatterOptions
): CollectiveOperator<readonly T[], Reduced<T>>
export function reduceScatter<T extends TypedArray>(comm: Communicator, op: Op<T>, options?: ReduceScatterOptions): CollectiveOperator<T, T>
export function reduceScatter<T>(comm: Communicator, op: Op<T>, options?: ReduceScatterOptions): CollectiveOperator<readonly T[], T>
export function reduceScatter(comm: Communicator, op: AnyOp = SUM, options: ReduceScatterOptions = {}): CollectiveOperator<never, unknown> {
  return operator(comm, () => reduceScatterOf(comm, op, options), options)
}

/** @internal */
export function reduceScatterOf(
  comm: Collectives,
  op: AnyOp,
  { counts, into, algorithm }: ReduceScatterOptions & Into
): Collective<unknown, unknown> {
  const { rank, size } = comm
  checkOp(op)
  checkAlgorithm(algorithm, algorithms)
  if (counts !== undefined) checkCounts(counts, size)
  if (into !== undefined) checkInto(into)
  const blocks = new Blocks(size, counts)
  const whole = each(op)
  const begin = (data: unknown): Partial => {
    const shape = shapeOf(data)
    return new Partial(data, op, { shape: counts === undefined ? shape : blocks.mark(shape), whole })
  }
  return {
    name: 'reduceScatter',
    op: op.name,
    algorithm,
    check: (data) => checkDivided(data, op, size, counts, rank, into),
    build: (links, single) => (values) =>
      values.pipe(
        map(begin),
        algorithms[algorithm ?? suited(single, size)](links, blocks, begin),
        links.settled(),
        map((partial) => ownBlock(partial, into as TypedArray | undefined))
      )
  }
}

const suited = (single: unknown, size: number): keyof typeof algorithms =>
  isTypedArray(single) && single.byteLength >= LARGE_BYTES && !Number.isInteger(Math.log2(size)) ? 'pairwise' : 'recursiveHalving'

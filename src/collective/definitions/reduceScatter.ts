import { map } from 'rxjs'
import { checkInto } from '../../diagnostics/arguments.js'
import type { AnyOp, TypedArray } from '../../op/op.js'
import { checkOp, isTypedArray } from '../../op/op.js'
import { Accumulator, shapeOf } from '../algorithms/accumulator.js'
import { checkAlgorithm } from '../algorithms/algorithm.js'
import { Blocks } from '../algorithms/blocks.js'
import { checkDivided, ownBlock } from '../algorithms/checks.js'
import { checkCounts } from '../algorithms/counts-displs.js'
import { each } from '../algorithms/each.js'
import { pairwiseReduceScatter } from '../algorithms/reduceScatter.pairwise.js'
import { recursiveHalvingReduceScatter } from '../algorithms/reduceScatter.recursiveHalving.js'
import type { Into } from '../algorithms/reduction.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'

/** How the result is divided, and the stream of rounds. */
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

/** @internal */
export function reduceScatterOf(
  comm: Ranks,
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
    counts: counts && { counts },
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

import { map } from 'rxjs'
import { type AnyOp, checkOp, isTypedArray, SUM, type TypedArray } from '../../op/op.js'
import { Accumulator, shapeOf } from '../algorithms/accumulator.js'
import { checkAlgorithm } from '../algorithms/algorithm.js'
import { Blocks } from '../algorithms/blocks.js'
import { checkDivided, ownBlock } from '../algorithms/checks.js'
import { checkCounts } from '../algorithms/counts-displs.js'
import { each } from '../algorithms/each.js'
import { pairwiseReduceScatter } from '../algorithms/reduceScatter.pairwise.js'
import { recursiveHalvingReduceScatter } from '../algorithms/reduceScatter.recursiveHalving.js'
import { checkPlace } from '../algorithms/reduction.js'
import { dividedOnStages } from '../board/staged-blocks.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

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
/** Those from here on go by stages, where all ranks have one. */
const STAGED_BYTES = 2 ** 14

/** @internal */
export function reduceScatterOf({ rank, size }: Ranks, { algorithm }: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  checkOp(op)
  checkAlgorithm(algorithm, algorithms)
  const whole = each(op)
  const equal = new Blocks(size, undefined)
  return {
    name: 'reduceScatter',
    op: op.name,
    algorithm,
    checkOptions(options) {
      if (options.counts !== undefined) checkCounts(options.counts, size)
      checkPlace(options)
    },
    check: (data, { counts, into }) => checkDivided(data, op, size, counts, rank, into),
    stages: algorithm === undefined ? dividedOnStages(op, STAGED_BYTES) : undefined,
    suited: (single) =>
      isTypedArray(single) && single.byteLength >= LARGE_BYTES && !Number.isInteger(Math.log2(size)) ? 'pairwise' : undefined,
    build:
      (links, chosen = 'recursiveHalving') =>
      (values) => {
        // All rounds that are under way are of one call, and divided alike.
        let blocks = equal
        const begin = (data: unknown): Accumulator => {
          const shape = shapeOf(data)
          return new Accumulator(data, op, { shape: blocks === equal ? shape : blocks.mark(shape), whole })
        }
        const divide = (data: unknown): Accumulator => {
          const { counts } = links.options
          blocks = counts === undefined ? equal : new Blocks(size, counts)
          return begin(data)
        }
        return values.pipe(
          map(divide),
          algorithms[chosen as keyof typeof algorithms](links, () => blocks, begin),
          links.settled(),
          map((partial) => ownBlock(partial, links.options.into as TypedArray | undefined))
        )
      }
  }
}

import { map } from 'rxjs'
import { ArgumentError } from '../../errors.js'
import { type AnyOp, checkOp, isTypedArray, SUM } from '../../op/op.js'
import { Accumulator } from '../algorithms/accumulator.js'
import { checkAlgorithm, forArrays } from '../algorithms/algorithm.js'
import { hierarchicalAllreduce } from '../algorithms/allreduce.hierarchical.js'
import { rabenseifnerAllreduce } from '../algorithms/allreduce.rabenseifner.js'
import { recursiveDoublingAllreduce } from '../algorithms/allreduce.recursiveDoubling.js'
import { ringAllreduce } from '../algorithms/allreduce.ring.js'
import { checkPlace, checkReduced } from '../algorithms/reduction.js'
import { doublingOrder } from '../board/fold-order.js'
import { reducedPosts } from '../board/reduced.js'
import { reducedOnStages } from '../board/staged-reduction.js'
import type { CallOptions } from '../call.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** How the reduction goes, and the stream of rounds. */
export interface AllreduceOptions extends StreamOptions {
  /**
   * For experts. By default arrays of 32 KiB and more are reduced by halves, on one host by stages. Everything else,
   * and all streams, go by doubling: where every host has the same power of two of ranks that follow on each other,
   * between one rank of each.
   */
  algorithm?: keyof typeof algorithms
}

const algorithms = {
  recursiveDoubling: recursiveDoublingAllreduce,
  hierarchical: hierarchicalAllreduce,
  rabenseifner: rabenseifnerAllreduce,
  ring: ringAllreduce
}

/** Arrays from here on are worth the two latencies more that halving takes. */
const LARGE_BYTES = 2 ** 15

/** @internal */
export function allreduceOf({ size, hosts }: Ranks, options: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  const { algorithm } = options
  checkOp(op)
  checkAlgorithm(algorithm, algorithms)
  const inBlocks = algorithm === 'rabenseifner' || algorithm === 'ring'
  const reorders = algorithm === 'ring' || (algorithm === 'hierarchical' && hosts?.inOrder === false)
  if (reorders && !op.commutative) {
    throw new ArgumentError(
      `algorithm: '${algorithm}' combines in another order than that of the ranks, and '${op.name}' is not commutative`
    )
  }
  const check = (data: unknown, { into }: CallOptions): void => checkReduced(data, op, into)
  return {
    name: 'allreduce',
    op: op.name,
    algorithm,
    serial: inBlocks,
    checkOptions: checkPlace,
    check: inBlocks ? forArrays(algorithm, options, check) : check,
    posts: algorithm === undefined ? reducedPosts(op, () => doublingOrder(size)) : undefined,
    stages: algorithm === undefined ? reducedOnStages(op, LARGE_BYTES, () => doublingOrder(size)) : undefined,
    suited: (single) => (isTypedArray(single) && single.byteLength >= LARGE_BYTES ? 'rabenseifner' : undefined),
    build:
      (links, chosen = hosts?.even ? 'hierarchical' : 'recursiveDoubling') =>
      (values) =>
        values.pipe(
          map((data) => new Accumulator(data, op, links.options)),
          algorithms[chosen as keyof typeof algorithms](links),
          links.settled(),
          map((partial) => partial.result)
        )
  }
}

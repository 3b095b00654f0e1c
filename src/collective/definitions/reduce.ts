import { map } from 'rxjs'
import type { Root } from '../../core/communicator-core.js'
import { checkRoot } from '../../diagnostics/arguments.js'
import { type AnyOp, checkOp, isTypedArray, SUM } from '../../op/op.js'
import { Accumulator } from '../algorithms/accumulator.js'
import { checkAlgorithm, forArrays } from '../algorithms/algorithm.js'
import { binomialReduce } from '../algorithms/reduce.binomial.js'
import { rabenseifnerReduce } from '../algorithms/reduce.rabenseifner.js'
import { checkPlace, checkReduced } from '../algorithms/reduction.js'
import { doublingOrder, type FoldOrder, treeOrder } from '../board/fold-order.js'
import { postsTo } from '../board/posts.js'
import { reducedPosts } from '../board/reduced.js'
import { reducedOnStages } from '../board/staged-reduction.js'
import type { CallOptions } from '../call.js'
import type { PlanOptions, Ranks } from '../definition.js'
import { type Definition, NOTHING, type StreamOptions } from '../definition.js'

/** Who gets the result, which way it goes, and the stream of rounds. */
export interface ReduceOptions extends StreamOptions {
  /** The rank that gets the result; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /**
   * For experts. By default arrays of 64 KiB and more are reduced by halves where there are more than 4 ranks, on one host by stages, and
   * everything else, and all streams, up a tree.
   */
  algorithm?: keyof typeof algorithms
}

const algorithms = { binomial: binomialReduce, rabenseifner: rabenseifnerReduce }

/** Arrays from here on are worth the latencies more that halving takes, */
const LARGE_BYTES = 2 ** 16
/** but not among so few ranks: the root of a tree gets no more than twice the data. */
const FEW = 4

/** @internal */
export function reduceOf(comm: Ranks, options: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  const { root = 0, algorithm } = options
  const { size } = comm
  checkRoot(root, size)
  checkAlgorithm(algorithm, algorithms)
  const atRoot = comm.rank === root
  checkOp(op)
  const check = (data: unknown, { into }: CallOptions): void => checkReduced(data, op, atRoot ? into : undefined)
  // Others are combined at rank 0 and sent to the root.
  const tree = (): FoldOrder => treeOrder(size, op.commutative ? root : 0)
  const posts = algorithm === undefined ? reducedPosts(op, tree) : undefined
  return {
    name: 'reduce',
    op: op.name,
    root,
    algorithm,
    ahead: true,
    meetsAll: atRoot,
    serial: algorithm === 'rabenseifner',
    checkOptions: (given) => atRoot && checkPlace(given),
    check: algorithm === 'rabenseifner' ? forArrays(algorithm, options, check) : check,
    posts: posts && postsTo(posts, atRoot),
    stages: algorithm === undefined ? reducedOnStages(op, LARGE_BYTES, size > FEW ? () => doublingOrder(size) : tree, root) : undefined,
    suited: (single) => (size > FEW && isTypedArray(single) && single.byteLength >= LARGE_BYTES ? 'rabenseifner' : undefined),
    build:
      (links, chosen = 'binomial') =>
      (values) =>
        values.pipe(
          map((data) => new Accumulator(data, op, atRoot ? links.options : PASSING)),
          algorithms[chosen as keyof typeof algorithms](links, root, op.commutative),
          links.settled(),
          map((partial) => (atRoot ? partial.result : passed(partial)))
        )
  }
}

const PASSING = { passing: true }

function passed(partial: Accumulator): typeof NOTHING {
  partial.pass()
  return NOTHING
}

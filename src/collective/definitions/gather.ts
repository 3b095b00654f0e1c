import type { Root } from '../../core/communicator-core.js'
import { checkEqual, equalForm, gatheringOf } from '../algorithms/gathering.js'
import { checkPlace } from '../algorithms/reduction.js'
import { limitOf } from '../algorithms/threshold.js'
import { collectedPosts } from '../board/collected.js'
import { postsTo } from '../board/posts.js'
import { collectedOnStages } from '../board/staged-blocks.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'
import { checkSendable } from '../given.js'

/** Who gets the values, which way they go, and the stream of rounds. */
export interface GatherOptions extends StreamOptions {
  /** The rank that gets the values; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large blocks go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

/** @internal */
export function gatherOf<T, R>(comm: Ranks, { root = 0, algorithm }: PlanOptions): Definition<T, R> {
  const { rank, size } = comm
  const atRoot = rank === root
  const definition = gatheringOf<T, R>(comm, {
    name: 'gather',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    checkOptions: (options) => atRoot && checkPlace(options),
    check(data, { into }) {
      checkSendable(data)
      if (atRoot && into !== undefined) checkEqual(data, size, into)
    },
    form: (data, { into }) => (into === undefined ? undefined : equalForm(data, size, into))
  })
  return algorithm === undefined
    ? { ...definition, posts: postsTo(collectedPosts<T, R>(), atRoot), stages: collectedOnStages<T, R>(atRoot) }
    : definition
}

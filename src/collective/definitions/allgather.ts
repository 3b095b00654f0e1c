import { allgatheringOf } from '../algorithms/allgathering.js'
import { checkEqual, equalForm } from '../algorithms/gathering.js'
import { checkPlace } from '../algorithms/reduction.js'
import { limitOf } from '../algorithms/threshold.js'
import { collectedPosts } from '../board/collected.js'
import { collectedOnStages } from '../board/staged-blocks.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'
import { checkSendable } from '../given.js'

/** How blocks are collected everywhere, and the stream of rounds. */
export interface AllgatherOptions extends StreamOptions {
  /** For experts: 'bruck' all in bundles, 'ring' all round the ring. By default large blocks go round the ring, others in bundles. */
  algorithm?: 'bruck' | 'ring'
}

/** @internal */
export function allgatherOf<T, R>(comm: Ranks, { algorithm }: PlanOptions): Definition<T, R> {
  const { size } = comm
  const definition = allgatheringOf<T, R>(comm, {
    name: 'allgather',
    algorithm,
    limit: limitOf(algorithm, 'bruck', 'ring'),
    checkOptions: checkPlace,
    check(data, { into }) {
      checkSendable(data)
      if (into !== undefined) checkEqual(data, size, into)
    },
    form: (data, { into }) => (into === undefined ? undefined : equalForm(data, size, into))
  })
  return algorithm === undefined ? { ...definition, posts: collectedPosts<T, R>(), stages: collectedOnStages<T, R>() } : definition
}

import type { BufferLike } from '../../codec/datatype.js'
import { checkInto } from '../../diagnostics/arguments.js'
import { checkEqual, equalForm, gatheringOf } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'
import { checkSendable } from '../given.js'

/** Who gets the values, which way they go, and the stream of rounds. */
export interface GatherOptions extends StreamOptions {
  /** The rank that gets the values; default 0. */
  root?: number
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large blocks go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

/** @internal */
export function gatherOf<T, R>(comm: Ranks, options: GatherOptions & { into?: BufferLike }): Definition<T, R> {
  const { root = 0, algorithm } = options
  const { rank, size } = comm
  const into = rank === root ? options.into : undefined
  if (into !== undefined) checkInto(into)
  return gatheringOf(comm, {
    name: 'gather',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    check(data) {
      checkSendable(data)
      if (into !== undefined) checkEqual(data, size, into)
    },
    form: (data) => (into === undefined ? undefined : equalForm(data, size, into))
  })
}

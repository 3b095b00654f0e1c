import { checkInto } from '../src/arguments.js'
import type { BufferLike } from '../src/codec/datatype.js'
import { checkSendable } from '../src/collective/given.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { checkEqual, equalForm, gatheringOf } from './algorithms/gathering.js'
import { limitOf } from './algorithms/limit.js'

export interface GatherOptions extends StreamOptions {
  /** The rank that gets the values; default 0. */
  root?: number
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large blocks go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

export function gather<T>(comm: Communicator, options: GatherOptions = {}): CollectiveOperator<T, T[]> {
  return operator(comm, () => gatherOf<T, T[]>(comm, options), options)
}

/** @internal */
export function gatherOf<T, R>(comm: Collectives, options: GatherOptions & { into?: BufferLike }): Collective<T, R> {
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

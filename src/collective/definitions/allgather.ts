import type { BufferLike } from '../../codec/datatype.js'
import { checkInto } from '../../diagnostics/arguments.js'
import { allgatheringOf } from '../algorithms/allgathering.js'
import { checkEqual, equalForm } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'
import { checkSendable } from '../given.js'

/** How blocks are collected everywhere, and the stream of rounds. */
export interface AllgatherOptions extends StreamOptions {
  /** For experts: 'bruck' all in bundles, 'ring' all round the ring. By default large blocks go round the ring, others in bundles. */
  algorithm?: 'bruck' | 'ring'
}

/** @internal */
export function allgatherOf<T, R>(comm: Ranks, { into, algorithm }: AllgatherOptions & { into?: BufferLike }): Definition<T, R> {
  const { size } = comm
  if (into !== undefined) checkInto(into)
  return allgatheringOf(comm, {
    name: 'allgather',
    algorithm,
    limit: limitOf(algorithm, 'bruck', 'ring'),
    check(data) {
      checkSendable(data)
      if (into !== undefined) checkEqual(data, size, into)
    },
    form: (data) => (into === undefined ? undefined : equalForm(data, size, into))
  })
}

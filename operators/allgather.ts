import { checkInto } from '../src/arguments.js'
import type { BufferLike } from '../src/codec/datatype.js'
import { checkSendable } from '../src/collective/given.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { allgatheringOf } from './algorithms/allgathering.js'
import { checkEqual, equalForm } from './algorithms/gathering.js'
import { limitOf } from './algorithms/limit.js'

export interface AllgatherOptions extends StreamOptions {
  /** For experts: 'bruck' all in bundles, 'ring' all round the ring. By default large blocks go round the ring, others in bundles. */
  algorithm?: 'bruck' | 'ring'
}

export function allgather<T>(comm: Communicator, options: AllgatherOptions = {}): CollectiveOperator<T, T[]> {
  return operator(comm, () => allgatherOf<T, T[]>(comm, options), options)
}

/** @internal */
export function allgatherOf<T, R>(comm: Collectives, { into, algorithm }: AllgatherOptions & { into?: BufferLike }): Collective<T, R> {
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

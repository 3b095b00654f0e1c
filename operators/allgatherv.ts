import type { BufferLike } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { Reduced, TypedArray } from '../src/op.js'
import { allgatheringOf } from './algorithms/allgathering.js'
import { checkJoined, checkJoint, jointForm, type Runs } from './algorithms/gathering.js'
import { limitOf } from './algorithms/limit.js'
import type { Integers } from './algorithms/runs.js'

export interface AllgathervOptions extends StreamOptions {
  /** How many elements each rank gives. Those that are not given are found out first. */
  counts?: Integers | undefined
  /** Where each rank's run begins, in elements. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'bruck' all in bundles, 'ring' all round the ring. By default large runs go round the ring, others in bundles. */
  algorithm?: 'bruck' | 'ring'
}

export function allgatherv<D extends TypedArray>(comm: Communicator, options: AllgathervOptions = {}): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => allgathervOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function allgathervOf<D, R>(comm: Collectives, options: AllgathervOptions & { into?: BufferLike }): Collective<D, R> {
  const { counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const runs: Runs = { counts, displs, into }
  checkJoint(runs, size)
  return allgatheringOf(comm, {
    name: 'allgatherv',
    algorithm,
    limit: limitOf(algorithm, 'bruck', 'ring'),
    check: (data) => checkJoined(data, runs, rank),
    form: (data) => jointForm(data, runs)
  })
}

import type { BufferLike } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { Reduced, TypedArray } from '../src/op.js'
import { checkJoined, checkJoint, gatheringOf, jointForm, type Runs } from './algorithms/gathering.js'
import { limitOf } from './algorithms/limit.js'
import { checkBuffer, type Integers } from './algorithms/runs.js'

export interface GathervOptions extends StreamOptions {
  /** The rank that gets the runs; default 0. */
  root?: number
  /** How many elements each rank gives; read at the root only. Those that are not given are found out first. */
  counts?: Integers | undefined
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large runs go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

export function gatherv<D extends TypedArray>(comm: Communicator, options: GathervOptions = {}): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => gathervOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function gathervOf<D, R>(comm: Collectives, options: GathervOptions & { into?: BufferLike }): Collective<D, R> {
  const { root = 0, counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const runs: Runs = rank === root ? { counts, displs, into } : {}
  checkJoint(runs, size)
  return gatheringOf(comm, {
    name: 'gatherv',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    check: (data) => (rank === root ? checkJoined(data, runs, rank) : checkBuffer(data)),
    form: (data) => jointForm(data, runs)
  })
}

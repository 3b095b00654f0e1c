import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { Reduced, TypedArray } from '../src/op.js'
import { Block } from './algorithms/block.js'
import { limitOf } from './algorithms/limit.js'
import { checkBuffer, checkCounts, checkRuns, checkTarget, cut, type Integers, lengthOf } from './algorithms/runs.js'
import { scatteringOf } from './algorithms/scattering.js'

export interface ScattervOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /** How many elements each rank gets; read at the root only. */
  counts?: Integers
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large runs go straight, others down the tree. */
  algorithm?: 'binomial' | 'linear'
}

export function scatterv<D extends TypedArray>(comm: Communicator, options: ScattervOptions): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => scattervOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function scattervOf<D, R>(comm: Collectives, options: ScattervOptions & { into?: BufferLike }): Collective<D, R> {
  const { root = 0, counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'binomial', 'linear')
  if (rank === root) {
    checkCounts(counts, size)
    if (displs !== undefined) checkCounts(displs, size, 'displs')
  }
  return scatteringOf(comm, {
    name: 'scatterv',
    root,
    algorithm,
    into,
    check(data) {
      checkBuffer(data)
      checkRuns(counts!, displs, lengthOf(data), ['counts', 'displs'], 'the data')
      if (into !== undefined) checkTarget(data, counts![rank]!, into)
    },
    cut: (data) => cut(data as BufferLike, counts!, displs).map((run) => Block.run(datatypeOf(data), run, limit))
  })
}

import { type BufferLike, datatypeOf } from '../../codec/datatype.js'
import type { Root } from '../../core/communicator-core.js'
import { Block } from '../algorithms/block.js'
import { checkBuffer, checkCounts, checkRuns, checkTarget, cut, type Integers, lengthOf } from '../algorithms/counts-displs.js'
import { scatteringOf } from '../algorithms/scattering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** Who gives the data, how it is cut, and the stream of rounds. */
export interface ScattervOptions extends StreamOptions {
  /** The rank that gives the data; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /** How many elements each rank gets; read at the root only. */
  counts?: Integers
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /**
   * For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large runs go straight, others down the tree.
   */
  algorithm?: 'binomial' | 'linear'
}

/** @internal */
export function scattervOf<D, R>(comm: Ranks, { root = 0, algorithm }: PlanOptions): Definition<D, R> {
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'binomial', 'linear')
  return scatteringOf(comm, {
    name: 'scatterv',
    root,
    algorithm,
    checkOptions({ counts, displs }) {
      if (rank !== root) return
      checkCounts(counts, size)
      if (displs !== undefined) checkCounts(displs, size, 'displs')
    },
    check(data, { counts, displs, into }) {
      checkBuffer(data)
      checkRuns(counts!, displs, lengthOf(data), ['counts', 'displs'], 'the data')
      if (into !== undefined) checkTarget(data, counts![rank]!, into)
    },
    cut: (data, { counts, displs }) => cut(data as BufferLike, counts!, displs).map((run) => Block.run(datatypeOf(data), run, limit))
  })
}

import type { BufferLike } from '../../codec/datatype.js'
import { checkBuffer, type Integers } from '../algorithms/counts-displs.js'
import { checkJoined, checkJoint, gatheringOf, jointForm, type Runs } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'

/** Who gets the runs, how long each is and where it goes, and the stream of rounds. */
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

/** @internal */
export function gathervOf<D, R>(comm: Ranks, options: GathervOptions & { into?: BufferLike }): Definition<D, R> {
  const { root = 0, counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const runs: Runs = rank === root ? { counts, displs, into } : {}
  checkJoint(runs, size)
  return gatheringOf(comm, {
    name: 'gatherv',
    counts: options,
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    check: (data) => (rank === root ? checkJoined(data, runs, rank) : checkBuffer(data)),
    form: (data) => jointForm(data, runs)
  })
}

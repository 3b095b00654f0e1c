import type { Root } from '../../core/communicator-core.js'
import { checkBuffer, type Integers } from '../algorithms/counts-displs.js'
import { checkJoined, checkJoint, gatheringOf, jointForm } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** Who gets the runs, how long each is and where it goes, and the stream of rounds. */
export interface GathervOptions extends StreamOptions {
  /** The rank that gets the runs; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /** How many elements each rank gives; read at the root only. Those that are not given are found out first. */
  counts?: Integers | undefined
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large runs go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

/** @internal */
export function gathervOf<D, R>(comm: Ranks, { root = 0, algorithm }: PlanOptions): Definition<D, R> {
  const { rank, size } = comm
  const atRoot = rank === root
  return gatheringOf(comm, {
    name: 'gatherv',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    checkOptions: (runs) => atRoot && checkJoint(runs, size),
    check: (data, runs) => (atRoot ? checkJoined(data, runs, rank) : checkBuffer(data)),
    form: jointForm
  })
}

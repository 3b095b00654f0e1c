import { allgatheringOf } from '../algorithms/allgathering.js'
import type { Integers } from '../algorithms/counts-displs.js'
import { checkJoined, checkJoint, jointForm } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** How long each rank's run is and where it goes, and the stream of rounds. */
export interface AllgathervOptions extends StreamOptions {
  /** How many elements each rank gives. Those that are not given are found out first. */
  counts?: Integers | undefined
  /** Where each rank's run begins, in elements. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'bruck' all in bundles, 'ring' all round the ring. By default large runs go round the ring, others in bundles. */
  algorithm?: 'bruck' | 'ring'
}

/** @internal */
export function allgathervOf<D, R>(comm: Ranks, { algorithm }: PlanOptions): Definition<D, R> {
  const { rank, size } = comm
  return allgatheringOf(comm, {
    name: 'allgatherv',
    algorithm,
    limit: limitOf(algorithm, 'bruck', 'ring'),
    checkOptions: (runs) => checkJoint(runs, size),
    check: (data, runs) => checkJoined(data, runs, rank),
    form: jointForm
  })
}

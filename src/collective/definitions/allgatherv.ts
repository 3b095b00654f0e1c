import type { BufferLike } from '../../codec/datatype.js'
import { allgatheringOf } from '../algorithms/allgathering.js'
import type { Integers } from '../algorithms/counts-displs.js'
import { checkJoined, checkJoint, jointForm, type Runs } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'

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
export function allgathervOf<D, R>(comm: Ranks, options: AllgathervOptions & { into?: BufferLike }): Definition<D, R> {
  const { counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const runs: Runs = { counts, displs, into }
  checkJoint(runs, size)
  return allgatheringOf(comm, {
    name: 'allgatherv',
    counts: options,
    algorithm,
    limit: limitOf(algorithm, 'bruck', 'ring'),
    check: (data) => checkJoined(data, runs, rank),
    form: (data) => jointForm(data, runs)
  })
}

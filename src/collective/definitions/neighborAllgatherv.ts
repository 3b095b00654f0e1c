import { Block } from '../algorithms/block.js'
import { checkBuffer, checkTarget, endOf, type Integers, packed } from '../algorithms/counts-displs.js'
import { checkJoint, jointForm } from '../algorithms/gathering.js'
import { ALL, neighborhoodOf, neighboringOf } from '../algorithms/neighboring.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** How long the run of each source is and where it goes, and the stream of rounds. */
export interface NeighborAllgathervOptions extends StreamOptions {
  /** How many elements each source gives. Those that are not given are found out. */
  counts?: Integers | undefined
  /** Where the run of each source begins, in elements. Default one behind the other. */
  displs?: Integers | undefined
}

/** @internal */
export function neighborAllgathervOf<D, R>(ranks: Ranks, _options: PlanOptions): Definition<D, R> {
  const name = 'neighborAllgatherv'
  const { sources, dests } = neighborhoodOf(ranks, name)
  return neighboringOf(ranks, {
    name,
    checkOptions: (runs) => checkJoint(runs, sources.length, ['counts', 'displs'], 'source'),
    check(data, { counts, displs, into }) {
      checkBuffer(data)
      if (into !== undefined) checkTarget(data, counts === undefined ? 0 : endOf(counts, displs ?? packed(counts)), into)
    },
    cut: (data) => [Block.of(data, ALL, Math.max(1, dests.length))],
    form: jointForm
  })
}

import { datatypeOf } from '../../codec/datatype.js'
import { Block } from '../algorithms/block.js'
import { checkHeld, checkParts, checkTarget, cutEqually, isBuffer, lengthOf } from '../algorithms/counts-displs.js'
import { ALL, equalCounts, neighborhoodOf, neighboringOf } from '../algorithms/neighboring.js'
import { checkPlace } from '../algorithms/reduction.js'
import type { Definition, PlanOptions, Ranks } from '../definition.js'

/** @internal */
export function neighborAlltoallOf<D, R>(ranks: Ranks, _options: PlanOptions): Definition<D, R> {
  const name = 'neighborAlltoall'
  const around = neighborhoodOf(ranks, name)
  const { sources, dests } = around
  const runOf = (data: unknown): number => (dests.length === 0 ? 0 : lengthOf(data as never) / dests.length)
  return neighboringOf(ranks, {
    name,
    checkOptions: checkPlace,
    check(data, { into }) {
      if (dests.length > 0 || !isBuffer(data)) checkParts(data, dests.length, 'dest')
      if (into === undefined) return
      checkHeld(data, into)
      checkTarget(data, runOf(data) * sources.length, into)
    },
    cut: (data) =>
      isBuffer(data)
        ? cutEqually(data, dests.length).map((run) => Block.run(datatypeOf(data), run, ALL))
        : (data as readonly unknown[]).map((value) => Block.of(value, ALL)),
    form: (data, { into }) => {
      if (into === undefined) return undefined
      // Who gives nothing has no way to know how long a run is.
      const counts = dests.length === 0 || !isBuffer(data) ? undefined : equalCounts(runOf(data), around)
      return { datatype: datatypeOf(into), counts, into }
    }
  })
}

import { datatypeOf } from '../../codec/datatype.js'
import { Block } from '../algorithms/block.js'
import { checkHeld, checkTarget, lengthOf } from '../algorithms/counts-displs.js'
import { ALL, equalCounts, neighborhoodOf, neighboringOf } from '../algorithms/neighboring.js'
import { checkPlace } from '../algorithms/reduction.js'
import { ABSENT, type Definition, type PlanOptions, type Ranks } from '../definition.js'
import { checkSendable } from '../given.js'

/** @internal */
export function neighborAllgatherOf<D, R>(ranks: Ranks, _options: PlanOptions): Definition<D, R> {
  const name = 'neighborAllgather'
  const around = neighborhoodOf(ranks, name)
  return neighboringOf(ranks, {
    name,
    checkOptions: checkPlace,
    check(data, { into }) {
      checkSendable(data)
      if (into === undefined) return
      checkHeld(data, into)
      checkTarget(data, lengthOf(data) * around.sources.length, into)
    },
    cut: (data) => [Block.of(data, ALL, Math.max(1, around.dests.length))],
    form: (data, { into }) => {
      if (into === undefined) return undefined
      const given = data === ABSENT ? into : data
      const count = data === ABSENT ? undefined : equalCounts(lengthOf(data as never), around)
      return { datatype: datatypeOf(given), counts: count, into }
    }
  })
}

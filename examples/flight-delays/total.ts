import { emptyStatistics, merge, type Statistics, type Summary, summary } from './statistics.js'
import { HOURS, type Tally } from './tally.js'

/** The result: the same bits however many ranks computed it. */
export interface Total {
  readonly all: Summary
  readonly hours: readonly Summary[]
  /** The busiest first. */
  readonly airports: readonly Airport[]
}

export interface Airport extends Summary {
  readonly name: string
  readonly hours: readonly Summary[]
}

export function totalOf({ names, cells }: Tally): Total {
  const hours = emptyStatistics(HOURS)
  const airports = names.map((name, place): Airport => {
    const own = emptyStatistics(HOURS)
    const airport = emptyStatistics(1)
    for (let hour = 0; hour < HOURS; hour++) {
      for (const [statistics, group] of [
        [own, hour],
        [airport, 0],
        [hours, hour]
      ] as const)
        merge(statistics, group, cells, place * HOURS + hour)
    }
    return { name, ...summary(airport, 0), hours: summaries(own) }
  })
  const all = emptyStatistics(1)
  for (let hour = 0; hour < HOURS; hour++) merge(all, 0, hours, hour)
  airports.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
  return { all: summary(all, 0), hours: summaries(hours), airports }
}

const summaries = (statistics: Statistics): Summary[] => Array.from({ length: HOURS }, (_, hour) => summary(statistics, hour))

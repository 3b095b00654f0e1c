import type { Flights } from './flights.js'
import { add, emptyStatistics, merge, type Statistics } from './statistics.js'

export const HOURS = 24

/** What some flights say: the statistics of airport a in hour h are group `a * HOURS + h` of `cells`. */
export interface Tally {
  readonly names: readonly string[]
  readonly cells: Statistics
}

export function tally({ hours, airports, delays, names }: Flights): Tally {
  const cells = emptyStatistics(names.length * HOURS)
  for (let i = 0; i < delays.length; i++) add(cells, airports[i] * HOURS + hours[i], delays[i])
  return { names, cells }
}

/** What no flights say. */
export const noFlights: Tally = { names: [], cells: emptyStatistics(0) }

export const flightsIn = ({ cells }: Tally): number => cells.count.reduce((a, b) => a + b, 0)

/**
 * What both say, in the place of one that knows all airports of the other if there is one. Row groups number their airports each in its own
 * way.
 */
export function mergeTallies(a: Tally, b: Tally): Tally {
  const [small, large] = a.names.length < b.names.length ? [a, b] : [b, a]
  const names = [...new Set([...large.names, ...small.names])]
  if (names.length === large.names.length) return mergeInto(large, small)
  return mergeInto(mergeInto({ names, cells: emptyStatistics(names.length * HOURS) }, large), small)
}

function mergeInto(tally: Tally, part: Tally): Tally {
  const places = new Map(tally.names.map((name, place) => [name, place]))
  part.names.forEach((name, airport) => {
    const place = places.get(name)!
    for (let hour = 0; hour < HOURS; hour++) merge(tally.cells, place * HOURS + hour, part.cells, airport * HOURS + hour)
  })
  return tally
}

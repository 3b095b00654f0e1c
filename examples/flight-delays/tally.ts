import type { Flights } from './flights.js'
import { add, emptyStatistics, type Statistics } from './statistics.js'

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

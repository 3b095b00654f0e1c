import { emptyStatistics, merge, type Statistics, type Summary, summary } from './statistics.js'
import { HOURS, type Tally } from './tally.js'

/** The result: the same bits however many ranks computed it, because tallies are merged in the order of the file. */
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

/** Merges the tallies of runs 0, 1, 2… that come in any order. */
export class Totals {
  private readonly airports = new Map<string, Statistics>()
  private readonly early = new Map<number, Tally>()
  private next = 0
  /** How many flights have come so far. */
  flights = 0

  /** A tally that is ahead of its turn is kept: floating-point addition in another order has other last bits. */
  add(run: number, tally: Tally): void {
    this.flights += tally.cells.count.reduce((a, b) => a + b, 0)
    this.early.set(run, tally)
    for (let due = this.early.get(this.next); due !== undefined; due = this.early.get(this.next)) {
      this.early.delete(this.next++)
      this.merge(due)
    }
  }

  private merge({ names, cells }: Tally): void {
    names.forEach((name, airport) => {
      let statistics = this.airports.get(name)
      if (statistics === undefined) {
        statistics = emptyStatistics(HOURS)
        this.airports.set(name, statistics)
      }
      for (let hour = 0; hour < HOURS; hour++) merge(statistics, hour, cells, airport * HOURS + hour)
    })
  }

  total(): Total {
    const hours = emptyStatistics(HOURS)
    const airports: Airport[] = []
    for (const [name, statistics] of this.airports) {
      const airport = emptyStatistics(1)
      for (let hour = 0; hour < HOURS; hour++) {
        merge(airport, 0, statistics, hour)
        merge(hours, hour, statistics, hour)
      }
      airports.push({ name, ...summary(airport, 0), hours: summaries(statistics) })
    }
    const all = emptyStatistics(1)
    for (let hour = 0; hour < HOURS; hour++) merge(all, 0, hours, hour)
    airports.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    return { all: summary(all, 0), hours: summaries(hours), airports }
  }
}

const summaries = (statistics: Statistics): Summary[] => Array.from({ length: HOURS }, (_, hour) => summary(statistics, hour))

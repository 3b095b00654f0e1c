import { PROC_NULL } from '../../constants.js'

/** Weights of a rank's edges, in the order of its sources and dests. */
export interface Weights {
  /** Of the edges that come in. */
  readonly sources: readonly number[]
  /** Of those that go out. */
  readonly dests: readonly number[]
}

/** Whom a rank gets something from and whom it gives something to, an edge each. A rank may occur twice, or be this one. */
export interface Neighbors {
  /** Where edges come from, by their place. */
  readonly sources: readonly number[]
  /** Where edges go to, by their place. */
  readonly dests: readonly number[]
  /** Of a graph that has some. */
  readonly weights?: Weights | undefined
}

/** The neighbours as a collective needs them. */
export interface Neighborhood extends Neighbors {
  /** Places of `sources` such that, of one rank, the first takes what goes out by the first of its edges to here, and so on. */
  readonly order: readonly number[]
  /** On every rank whoever gives it something gets something of it. */
  readonly mutual: boolean
}

/** Other ranks among these, each once. */
export const othersIn = (ranks: readonly number[], rank: number): number[] =>
  [...new Set(ranks)].filter((other) => other !== rank && other !== PROC_NULL)

/** Edges from the rank to itself: from which place of `dests` to which place of `sources`. */
export function loopsOf({ sources, dests, order }: Neighborhood, rank: number): (readonly [dest: number, source: number])[] {
  const ends = order.filter((place) => sources[place] === rank)
  return dests.flatMap((dest, place) => (dest === rank ? [place] : [])).map((place, k) => [place, ends[k]!] as const)
}

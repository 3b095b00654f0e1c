import type { Neighborhood, Weights } from './neighborhood.js'

export type Edge = readonly [from: number, to: number, weight?: number]

/** What one rank knows of a graph: its own edges, or any. */
export interface Known {
  readonly sources?: readonly number[]
  readonly dests?: readonly number[]
  readonly weights?: Weights | undefined
  readonly edges?: readonly Edge[]
}

/** Two ends that disagree: so many edges go from one rank to the other, as that one says, and so many come, as the other says. */
export interface Disagreement {
  readonly from: number
  readonly to: number
  readonly sent: number
  readonly received: number
}

/** The edges of all ranks, where each has told its own. */
export function checkEnds(all: readonly Known[]): Disagreement | undefined {
  for (const [rank, { sources, dests }] of all.entries()) {
    for (const to of new Set(dests)) {
      const wrong = compare(all, rank, to)
      if (wrong !== undefined) return wrong
    }
    for (const from of new Set(sources)) {
      const wrong = compare(all, from, rank)
      if (wrong !== undefined) return wrong
    }
  }
  return undefined
}

function compare(all: readonly Known[], from: number, to: number): Disagreement | undefined {
  const count = (list: readonly number[] | undefined, rank: number): number => list?.filter((other) => other === rank).length ?? 0
  const [sent, received] = [count(all[from]!.dests, to), count(all[to]!.sources, from)]
  return sent === received ? undefined : { from, to, sent, received }
}

/** Whether for every edge there is one the other way. */
export function isMutual(all: readonly Known[]): boolean {
  const pairs = new Set<string>()
  for (const [rank, { dests = [], edges = [] }] of all.entries()) {
    for (const to of dests) pairs.add(`${rank} ${to}`)
    for (const [from, to] of edges) pairs.add(`${from} ${to}`)
  }
  return [...pairs].every((pair) => pairs.has(pair.split(' ').reverse().join(' ')))
}

/** A rank's neighbours in a graph of which every rank has told some edges: in the order of the ranks that tell them. */
export function neighborhoodIn(all: readonly Known[], rank: number, mutual: boolean): Neighborhood {
  const edges = all.flatMap(({ edges: told = [] }) => told)
  const [incoming, outgoing] = [edges.filter(([, to]) => to === rank), edges.filter(([from]) => from === rank)]
  const weightsOf = (list: readonly Edge[]): number[] => list.map(([, , weight = 1]) => weight)
  const weighted = edges.some(([, , weight]) => weight !== undefined)
  return {
    sources: incoming.map(([from]) => from),
    dests: outgoing.map(([, to]) => to),
    weights: weighted ? { sources: weightsOf(incoming), dests: weightsOf(outgoing) } : undefined,
    order: incoming.map((_, place) => place),
    mutual
  }
}

import { PROC_NULL } from '../../constants.js'
import type { Grid } from './grid.js'

/** Who takes which place of a topology: by place, a rank. */
export type Placement = readonly number[]

/** Edges between ranks of different hosts. */
export function crossings(
  neighborsOf: (place: number) => readonly number[],
  placement: Placement,
  hostOf: (rank: number) => number
): number {
  let count = 0
  for (const [place, rank] of placement.entries())
    for (const other of neighborsOf(place)) if (other !== PROC_NULL && hostOf(placement[other]!) !== hostOf(rank)) count++
  return count
}

/** The placement with the fewest crossings; of several the first. */
export function best(
  placements: readonly Placement[],
  neighborsOf: (place: number) => readonly number[],
  hostOf: (rank: number) => number
): Placement {
  const counts = placements.map((placement) => crossings(neighborsOf, placement, hostOf))
  return placements[counts.indexOf(Math.min(...counts))]!
}

/** Boxes of a grid, one for each host, where the hosts have as many ranks each and boxes of as many fill the grid; all that there are. */
export function boxes(grid: Grid, groups: readonly (readonly number[])[]): Placement[] {
  const ranks = groups[0]!.length
  if (groups.some(({ length }) => length !== ranks)) return []
  return shapes(grid.dims, ranks).map((shape) => {
    const outer = grid.dims.map((dim, d) => dim / shape[d]!)
    const next = groups.map(() => 0)
    return Array.from({ length: grid.size }, (_, place) => {
      const host = grid.coordsOf(place).reduce((index, coord, d) => index * outer[d]! + Math.floor(coord / shape[d]!), 0)
      return groups[host]![next[host]!++]!
    })
  })
}

/** Boxes of so many places whose sides divide those of the grid. */
function shapes(dims: readonly number[], places: number): number[][] {
  const [first, ...rest] = dims
  if (first === undefined) return places === 1 ? [[]] : []
  const found: number[][] = []
  for (let side = 1; side <= Math.min(first, places); side++) {
    if (first % side === 0 && places % side === 0) found.push(...shapes(rest, places / side).map((others) => [side, ...others]))
  }
  return found
}

/** Host by host the places that have the most edges to those the host has already; ties to the lowest. */
export function grown(neighborsOf: readonly (readonly number[])[], groups: readonly (readonly number[])[]): Placement {
  const placement = new Array<number>(neighborsOf.length).fill(PROC_NULL)
  for (const group of groups) {
    const edges = new Array<number>(neighborsOf.length).fill(0)
    for (const rank of group) {
      let place = -1
      for (let k = 0; k < edges.length; k++) if (placement[k] === PROC_NULL && (place < 0 || edges[k]! > edges[place]!)) place = k
      placement[place] = rank
      for (const other of neighborsOf[place]!) if (other !== PROC_NULL) edges[other]!++
    }
  }
  return placement
}

import { PROC_NULL } from '../../constants.js'
import type { Neighborhood } from './neighborhood.js'

/** Ranks in a grid of any number of dimensions, the last one running fastest. Without a dimension it has one place. */
export class Grid {
  readonly dims: readonly number[]
  /** Of each dimension, whether its ends meet. */
  readonly periodic: readonly boolean[]
  readonly size: number

  constructor(dims: readonly number[], periodic: readonly boolean[]) {
    this.dims = Object.freeze([...dims])
    this.periodic = Object.freeze([...periodic])
    this.size = dims.reduce((product, dim) => product * dim, 1)
  }

  coordsOf(rank: number): number[] {
    const coords: number[] = []
    let rest = rank
    for (let d = this.dims.length - 1; d >= 0; d--) {
      const dim = this.dims[d]!
      coords[d] = rest % dim
      rest = Math.floor(rest / dim)
    }
    return coords
  }

  /** Coordinates beyond an end come in at the other where the ends meet; else nobody is there. */
  rankOf(coords: readonly number[]): number {
    let rank = 0
    for (const [d, dim] of this.dims.entries()) {
      const coord = coords[d]!
      if (!this.periodic[d] && (coord < 0 || coord >= dim)) return PROC_NULL
      rank = rank * dim + (((coord % dim) + dim) % dim)
    }
    return rank
  }

  /** Who is so many places on in a dimension. */
  beside(rank: number, dimension: number, places: number): number {
    const coords = this.coordsOf(rank)
    coords[dimension]! += places
    return this.rankOf(coords)
  }

  /** In each dimension the rank below, then the one above. */
  neighborsOf(rank: number): number[] {
    return this.dims.flatMap((_, d) => [this.beside(rank, d, -1), this.beside(rank, d, 1)])
  }

  /**
   * What goes out by place s comes in by place s xor 1 there: below is above, seen from the other side. It does so also where both are one
   * rank, or this one. MPI 4.1 §8.6.
   */
  neighborhoodOf(rank: number): Neighborhood {
    const neighbors = this.neighborsOf(rank)
    return { sources: neighbors, dests: neighbors, order: neighbors.map((_, place) => place ^ 1), mutual: true }
  }

  /** The dimensions that are kept. */
  sub(keep: readonly boolean[]): Grid {
    const kept = <T>(list: readonly T[]): T[] => list.filter((_, d) => keep[d])
    return new Grid(kept(this.dims), kept(this.periodic))
  }
}

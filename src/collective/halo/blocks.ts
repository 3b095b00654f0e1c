import { CollectiveMismatchError, CountError } from '../../errors.js'
import type { Grid } from '../topology/grid.js'
import type { Geometry } from './geometry.js'

/**
 * Whether the blocks of all ranks go together. Neighbours along a dimension are equally large in the others where the size along one
 * depends on nothing but the coordinate in it. So there is one size for each coordinate of each dimension, and the least and the largest
 * that any rank says of it tell whether all say the same. All ranks come to the same verdict.
 */
export class Blocks {
  /** The least of what all ranks say, then of its negative: to be combined by MIN. */
  readonly said: Float64Array
  readonly #grid: Grid
  readonly #geometry: Geometry
  readonly #count: number

  constructor(grid: Grid, rank: number, geometry: Geometry, cell: number) {
    const { sizes, below, above, corners } = geometry
    this.#grid = grid
    this.#geometry = geometry
    const own = [...below, ...above, corners ? 1 : 0, cell]
    this.#count = grid.dims.reduce((sum, dim) => sum + dim, 0) + own.length
    this.said = new Float64Array(2 * this.#count).fill(Number.POSITIVE_INFINITY)
    for (const [k, value] of own.entries()) this.#say(k, value)
    const coords = grid.coordsOf(rank)
    for (const [d, size] of sizes.entries()) this.#say(this.#place(d, coords[d]!), size)
  }

  /** Where there is nobody beside a block that mirrors itself, it has to have enough cells. */
  checkAlone(): void {
    const { sizes } = this.#geometry
    for (const [d, size] of sizes.entries()) this.#checkWidth(d, size, () => 'the block')
  }

  get verdict(): Error | undefined {
    const { dims } = this.#grid
    const common = 2 * dims.length + 2
    for (let k = 0; k < common; k++) {
      if (this.#least(k) === this.#most(k)) continue
      return new CollectiveMismatchError('halo: the ranks give different widths, corners or cells; all must give the same')
    }
    for (const [d, dim] of dims.entries()) {
      for (let coord = 0; coord < dim; coord++) {
        const place = this.#place(d, coord)
        const [least, most] = [this.#least(place), this.#most(place)]
        if (least === most) continue
        return new CollectiveMismatchError(
          `sizes: along dimension ${d} of the grid the ranks with coordinate ${coord} have from ${least} to ${most} cells; ` +
            'neighbours along the other dimensions must have as many'
        )
      }
    }
    try {
      for (const [d, dim] of dims.entries()) {
        if (dim === 1 && !this.#grid.periodic[d]) continue
        for (let coord = 0; coord < dim; coord++) {
          this.#checkWidth(d, this.#least(this.#place(d, coord)), () => `a rank with coordinate ${coord}`)
        }
      }
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  #checkWidth(d: number, size: number, who: () => string): void {
    const widest = Math.max(this.#geometry.below[d]!, this.#geometry.above[d]!)
    if (widest <= size) return
    throw new CountError(
      `width: ${widest} ghost cells along dimension ${d}, but ${who()} has only ${size} cells there; give fewer ghosts, or larger blocks`
    )
  }

  /** Of the size of the blocks with that coordinate. */
  #place(d: number, coord: number): number {
    const { dims } = this.#grid
    return 2 * dims.length + 2 + dims.slice(0, d).reduce((sum, dim) => sum + dim, 0) + coord
  }

  #say(place: number, value: number): void {
    this.said[place] = value
    this.said[this.#count + place] = -value
  }

  #least(place: number): number {
    return this.said[place]!
  }

  #most(place: number): number {
    return -this.said[this.#count + place]!
  }
}

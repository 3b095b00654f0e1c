import { type Form, repeat, shift } from '../../memory/form.js'

/** Cells from `start` to before `end`, of each dimension one; owned cells count from 0. */
export interface Box {
  /** The first cell. */
  readonly start: number[]
  /** The cell behind the last. */
  readonly end: number[]
}

/** What goes to and comes from one neighbour: boxes of the array with its ghosts. */
export interface Face {
  /** Among the neighbours of the grid. */
  readonly place: number
  readonly give: Box
  readonly take: Box
}

/** A block of owned cells with ghosts around, in row-major order. */
export class Geometry {
  readonly sizes: readonly number[]
  readonly below: readonly number[]
  readonly above: readonly number[]
  readonly corners: boolean
  readonly shape: number[]
  /** Cells from one to the next along a dimension. */
  readonly strides: number[]
  readonly cells: number

  constructor(sizes: readonly number[], below: readonly number[], above: readonly number[], corners: boolean) {
    this.sizes = sizes
    this.below = below
    this.above = above
    this.corners = corners
    this.shape = sizes.map((size, d) => below[d]! + size + above[d]!)
    this.strides = this.shape.map((_, d) => this.shape.slice(d + 1).reduce((a, b) => a * b, 1))
    this.cells = this.shape.reduce((a, b) => a * b, 1)
  }

  /** Along a dimension from `start` to `end`; across it the owned cells, and, with corners, the ghosts of the dimensions before. */
  slab(dimension: number, start: number, end: number): Box {
    const isWhole = (d: number): boolean => this.corners && d < dimension
    return {
      start: this.sizes.map((_, d) => (d === dimension ? start : isWhole(d) ? 0 : this.below[d]!)),
      end: this.sizes.map((size, d) => (d === dimension ? end : isWhole(d) ? this.shape[d]! : this.below[d]! + size))
    }
  }

  /** What is exchanged along a dimension: what a neighbour gets are the cells that its ghosts stand for. */
  faces(dimension: number): Face[] {
    const [size, below, above] = [this.sizes[dimension]!, this.below[dimension]!, this.above[dimension]!]
    const down = { place: 2 * dimension, give: this.slab(dimension, below, below + above), take: this.slab(dimension, 0, below) }
    const up = {
      place: 2 * dimension + 1,
      give: this.slab(dimension, size, size + below),
      take: this.slab(dimension, below + size, below + size + above)
    }
    return [down, up]
  }

  /** Where the cells of a box are, each of so many bytes. */
  formOf({ start, end }: Box, cell: Form, cellBytes: number): Form {
    let form = cell
    let offset = 0
    for (let d = this.sizes.length - 1; d >= 0; d--) {
      form = repeat(form, end[d]! - start[d]!, this.strides[d]! * cellBytes)
      offset += start[d]! * this.strides[d]! * cellBytes
    }
    return shift(form, offset)
  }

  /** The owned cells of an array with its ghosts. */
  get owned(): Box {
    return { start: [...this.below], end: this.sizes.map((size, d) => this.below[d]! + size) }
  }

  /** Owned cells that need no ghost; none where the block is too small to have any. */
  get inside(): Box {
    const [start, end] = [[...this.below], this.sizes.map((size, d) => size - this.above[d]!)]
    return start.every((first, d) => first < end[d]!) ? { start, end } : { start: start.map(() => 0), end: end.map(() => 0) }
  }

  /** The other owned cells, in boxes that do not overlap. */
  get edges(): Box[] {
    const { start, end } = this.inside
    if (this.sizes.length > 0 && end.every((last) => last === 0)) return [{ start: this.sizes.map(() => 0), end: [...this.sizes] }]
    return this.sizes.flatMap((size, d) => {
      const box = (from: number, to: number): Box => ({
        start: this.sizes.map((_, e) => (e === d ? from : e < d ? start[e]! : 0)),
        end: this.sizes.map((other, e) => (e === d ? to : e < d ? end[e]! : other))
      })
      return [box(0, start[d]!), box(end[d]!, size)].filter((one) => one.start[d]! < one.end[d]!)
    })
  }
}

export const isEmpty = ({ start, end }: Box): boolean => start.some((first, d) => first >= end[d]!)

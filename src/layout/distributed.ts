import { checkOptions, shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError } from '../errors.js'
import { checkCount, checkLength, checkOrder, listOf } from './check.js'
import { here } from './here.js'
import { checkOf, type Distributed, frozen, type Of } from './layout.js'
import { boxMeasures, product } from './subarray.js'

/**
 * How a dimension is shared out among the ranks along it: not at all, in one block each (of equal length, or of `block`), or in turns of
 * one index, or of `cyclic` indices.
 */
export type Distribution = 'none' | 'block' | 'cyclic' | { readonly block: number } | { readonly cyclic: number }

/** Indices that a rank has of a dimension: blocks of `length`, `stride` from one to the next, and a shorter one at the end. */
export interface Share {
  readonly start: number
  readonly length: number
  readonly stride: number
  readonly blocks: number
  readonly rest: number
}

/**
 * This rank's share of an array that is distributed over a grid of ranks. Its extent is the whole array's.
 *
 * Shape: a layout of as many elements as this rank has. Units: elements.
 * Errors: CountError where the lists differ in length, `coords` are outside the grid, blocks do not cover the array, or a dimension that is
 * not shared out has a grid of more than 1; ArgumentError. MPI: MPI_Type_create_darray, MPI 4.1 §5.1.4; mpi4py: Datatype.Create_darray.
 */
export function distributed(
  array: {
    sizes: readonly number[]
    grid: readonly number[]
    coords: readonly number[]
    by: readonly Distribution[]
    order?: 'C' | 'F'
  },
  of?: Of
): Distributed {
  return here(() => {
    checkOptions(array, ARRAY, "{ sizes: [8, 8], grid: [2, 2], coords: cart.coords, by: ['block', 'cyclic'] }")
    const { order = 'C' } = array
    const sizes = listOf(array.sizes, 'sizes', checkCount)
    const grid = listOf(array.grid, 'grid', checkCount)
    const coords = listOf(array.coords, 'coords', checkCount)
    const by = rulesOf(array.by)
    for (const [name, list] of Object.entries({ grid, coords, by })) checkLength(list, sizes.length, name, 'sizes')
    checkOrder(order)
    checkOf(of)
    const shares = sizes.map((size, d) => shareOf(size, grid[d]!, coords[d]!, by[d]!, d))
    const counts = shares.map(({ length, blocks, rest }) => length * blocks + rest)
    const first = shares.map(({ start }) => start)
    const last = shares.map(
      ({ start, stride, blocks, length, rest }) => start + (rest > 0 ? blocks * stride + rest : (blocks - 1) * stride + length) - 1
    )
    const measures = boxMeasures(of, sizes, order, product(counts), first, last)
    return frozen<Distributed>('distributed', of, { sizes, grid, coords, by, order }, measures)
  })
}

const ARRAY = { sizes: true, grid: true, coords: true, by: true, order: true } as const

function rulesOf(by: unknown): readonly Distribution[] {
  if (!Array.isArray(by)) throw new ArgumentError(`by: expected an array such as ['block', 'none'], got ${shown(by)}`)
  const rules = by.map((rule: unknown, d): Distribution => {
    if (rule === 'none' || rule === 'block' || rule === 'cyclic') return rule
    const { block, cyclic } = Object(rule) as { block?: number; cyclic?: number }
    const length = block ?? cyclic
    if (length === undefined) {
      throw new ArgumentError(`by[${d}]: expected 'none', 'block', 'cyclic', { block: n } or { cyclic: n }, got ${shown(rule)}`)
    }
    if (!Number.isSafeInteger(length) || length < 1) {
      throw new CountError(`by[${d}]: expected an integer from 1 on, got ${shown(length)}`)
    }
    return Object.freeze(block === undefined ? { cyclic: length } : { block: length })
  })
  return Object.freeze(rules)
}

export function shareOf(size: number, ranks: number, coord: number, by: Distribution, d: number): Share {
  if (coord >= ranks) throw new CountError(`coords[${d}]: ${coord} is outside the grid, which has ${ranks} ranks along dimension ${d}`)
  if (by === 'none') {
    if (ranks !== 1) throw new CountError(`grid[${d}]: dimension ${d} is not shared out, so that its grid has to be 1, and not ${ranks}`)
    return { start: 0, length: size, stride: size, blocks: 1, rest: 0 }
  }
  if (by === 'block' || (typeof by === 'object' && 'block' in by)) {
    const length = by === 'block' ? Math.ceil(size / ranks) : by.block
    if (length * ranks < size) {
      throw new CountError(
        `by[${d}]: ${ranks} blocks of ${length} do not cover the ${size} of dimension ${d}; give at least ${Math.ceil(size / ranks)}`
      )
    }
    const start = Math.min(size, coord * length)
    return { start, length: Math.min(length, size - start), stride: length, blocks: 1, rest: 0 }
  }
  const length = by === 'cyclic' ? 1 : by.cyclic
  const stride = length * ranks
  const start = Math.min(size, coord * length)
  const blocks = Math.floor((size - start) / stride)
  const left = size - start - blocks * stride
  const isWhole = left >= length
  return { start, length, stride, blocks: blocks + (isWhole ? 1 : 0), rest: isWhole ? 0 : left }
}

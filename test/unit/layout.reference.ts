import fc from 'fast-check'
import { contiguous, distributed, indexed, type Layout, type Of, resized, subarray, vector } from '../../src/layout/index.js'

/** What layouts pick, without a thought of speed: the elements of an item, in order, and where the next item begins. */
export function picks(of: Of | undefined): { elements: number[]; extent: number } {
  if (of === undefined) return { elements: [0], extent: 1 }
  if (typeof of === 'string') throw new Error('over elements only')
  const item = picks((of as { of?: Of }).of)
  const at = (places: readonly number[]): { elements: number[]; extent: number } => ({
    elements: places.flatMap((place) => item.elements.map((element) => place * item.extent + element)),
    extent: of.extent
  })
  switch (of.kind) {
    case 'contiguous':
      return at(range(of.count))
    case 'vector':
      return at(range(of.count).flatMap((block) => range(of.blockLength).map((k) => block * of.stride + k)))
    case 'indexed': {
      const { blockLengths, displacements } = of
      return at(
        displacements.flatMap((at, b) => range(typeof blockLengths === 'number' ? blockLengths : blockLengths[b]!).map((k) => at + k))
      )
    }
    case 'subarray':
      return at(box(of.sizes, of.order, (index, d) => index >= of.starts[d]! && index < of.starts[d]! + of.subsizes[d]!))
    case 'distributed':
      return at(
        box(of.sizes, of.order, (index, d) => {
          const [rule, ranks, size] = [of.by[d]!, of.grid[d]!, of.sizes[d]!]
          if (rule === 'none') return true
          const length = rule === 'block' ? Math.ceil(size / ranks) : rule === 'cyclic' ? 1 : Object.values(rule)[0]!
          return Math.floor(index / length) % ranks === of.coords[d]
        })
      )
    case 'resized':
      return { elements: item.elements, extent: of.extent }
    default:
      throw new Error(`no ${of.kind} here`)
  }
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k)

/** The places of an array whose indices are all wanted, in the order of memory. */
function box(sizes: readonly number[], order: 'C' | 'F', wanted: (index: number, d: number) => boolean): number[] {
  const dimensions = order === 'C' ? range(sizes.length) : range(sizes.length).reverse()
  const places = (at: number, level: number): number[] => {
    const d = dimensions[level]
    if (d === undefined) return [at]
    return range(sizes[d]!).flatMap((index) => (wanted(index, d) ? places(at * sizes[d]! + index, level + 1) : []))
  }
  return places(0, 0)
}

const small = (most: number, least = 0): fc.Arbitrary<number> => fc.integer({ min: least, max: most })

const boxes = fc.array(fc.tuple(small(5, 1), small(5), small(5)), { minLength: 1, maxLength: 3 }).map((dimensions) => {
  const sizes = dimensions.map(([size]) => size)
  const starts = dimensions.map(([size, start]) => Math.min(start, size))
  return { sizes, starts, subsizes: dimensions.map(([size, , length], d) => Math.min(length, size - starts[d]!)) }
})

const shares = fc
  .array(fc.record({ size: small(7, 1), ranks: small(3, 1), coord: small(2), rule: fc.constantFrom('none', 'block', 'cyclic', 2, 3) }), {
    minLength: 1,
    maxLength: 3
  })
  .map((dimensions) => {
    const grid = dimensions.map(({ rule, ranks }) => (rule === 'none' ? 1 : ranks))
    return {
      sizes: dimensions.map(({ size }) => size),
      grid,
      coords: dimensions.map(({ coord }, d) => coord % grid[d]!),
      by: dimensions.map(({ rule }) => (typeof rule === 'number' ? { cyclic: rule } : (rule as 'none' | 'block' | 'cyclic')))
    }
  })

const order = fc.constantFrom('C' as const, 'F' as const)

/** Layouts over elements, nested up to three deep; elements may overlap. */
export const layouts: fc.Arbitrary<Layout> = fc.letrec<{ layout: Layout; of: Layout | undefined }>((tie) => ({
  of: fc.oneof({ maxDepth: 2 }, fc.constant(undefined), tie('layout')),
  layout: fc.oneof(
    fc.tuple(small(4), tie('of')).map(([count, of]) => contiguous(count, of)),
    fc.tuple(small(4), small(3), small(6, -6), tie('of')).map(([count, length, stride, of]) => vector(count, length, stride, of)),
    fc.tuple(fc.array(fc.tuple(small(3), small(9, -3)), { maxLength: 5 }), tie('of')).map(([blocks, of]) =>
      indexed(
        blocks.map(([length]) => length),
        blocks.map(([, at]) => at),
        of
      )
    ),
    fc.tuple(small(3), fc.array(small(9), { maxLength: 5 }), tie('of')).map(([length, at, of]) => indexed(length, at, of)),
    fc.tuple(boxes, order, tie('of')).map(([sides, order, of]) => subarray({ ...sides, order }, of)),
    fc.tuple(shares, order, tie('of')).map(([sides, order, of]) => distributed({ ...sides, order }, of)),
    fc.tuple(small(3, -3), small(9, 1), tie('layout')).map(([lower, extent, of]) => resized(of, { lower, extent }))
  )
})).layout

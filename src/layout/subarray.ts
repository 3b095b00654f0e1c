import { checkOptions } from '../diagnostics/arguments.js'
import { CountError } from '../errors.js'
import { checkCount, checkLength, checkOrder, listOf } from './check.js'
import { here } from './here.js'
import { checkOf, frozen, type Measures, measuresOf, type Of, type Subarray } from './layout.js'

/**
 * A box of an array of any number of dimensions: `subsizes` of them from `starts` on. Its extent is the whole array's.
 *
 * Shape: a layout of the product of `subsizes` elements, in the order of rows. Units: elements.
 * Errors: CountError where the box reaches outside the array, or the lists differ in length; ArgumentError.
 * MPI: MPI_Type_create_subarray, MPI 4.1 §5.1.3; mpi4py: Datatype.Create_subarray.
 */
export function subarray(
  box: { sizes: readonly number[]; subsizes: readonly number[]; starts: readonly number[]; order?: 'C' | 'F' },
  of?: Of
): Subarray {
  return here(() => {
    checkOptions(box, BOX, '{ sizes: [4, 4], subsizes: [2, 2], starts: [1, 1] }')
    const { order = 'C' } = box
    const sizes = listOf(box.sizes, 'sizes', checkCount)
    const subsizes = listOf(box.subsizes, 'subsizes', checkCount)
    const starts = listOf(box.starts, 'starts', checkCount)
    checkLength(subsizes, sizes.length, 'subsizes', 'sizes')
    checkLength(starts, sizes.length, 'starts', 'sizes')
    checkOrder(order)
    checkOf(of)
    for (const [d, size] of sizes.entries()) {
      const end = starts[d]! + subsizes[d]!
      if (end > size) {
        throw new CountError(
          `starts[${d}] + subsizes[${d}]: the box ends at ${end} of the ${size} of dimension ${d}; give starts[${d}] ≤ ${size - subsizes[d]!}, or a smaller box`
        )
      }
    }
    const last = subsizes.map((count, d) => starts[d]! + count - 1)
    return frozen<Subarray>(
      'subarray',
      of,
      { sizes, subsizes, starts, order },
      boxMeasures(of, sizes, order, product(subsizes), starts, last)
    )
  })
}

export const product = (factors: readonly number[]): number => factors.reduce((a, b) => a * b, 1)

/** Items from one to the next, in each dimension. */
export function strides(sizes: readonly number[], order: 'C' | 'F'): number[] {
  const all: number[] = []
  let stride = 1
  const dimensions = order === 'C' ? [...sizes.keys()].reverse() : [...sizes.keys()]
  for (const d of dimensions) {
    all[d] = stride
    stride *= sizes[d]!
  }
  return all
}

/** Measures a part of an array: `picked` items, the first and the last of which have these indices. */
export function boxMeasures(
  of: Of | undefined,
  sizes: readonly number[],
  order: 'C' | 'F',
  picked: number,
  first: readonly number[],
  last: readonly number[]
): Measures {
  const item = measuresOf(of)
  const steps = strides(sizes, order)
  const place = (indices: readonly number[]): number => indices.reduce((sum, index, d) => sum + index * steps[d]!, 0) * item.extent
  const size = picked * item.size
  const whole = { size, extent: product(sizes) * item.extent, lower: 0 }
  if (size === 0) return { ...whole, trueExtent: 0, trueLower: 0 }
  const begin = Math.min(place(first), place(last))
  return { ...whole, trueExtent: Math.abs(place(last) - place(first)) + item.trueExtent, trueLower: begin + item.trueLower }
}

const BOX = { sizes: true, subsizes: true, starts: true, order: true } as const

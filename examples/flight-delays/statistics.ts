import { BINS, binOf } from './bins.js'

/**
 * Count, sum, squares, extremes and histogram of many groups of whole numbers at once, a column each: what a tight loop wants, and what
 * travels as a few typed arrays instead of thousands of objects.
 *
 * Sums of whole numbers are exact up to 2⁵³ (nine billion flights of a thousand minutes), so groups may be merged in any order and come to
 * the same bits: merging is associative, as a reduction needs it, which means and variances that are rounded on the way would not be.
 */
export interface Statistics {
  readonly count: Float64Array
  readonly sum: Float64Array
  /** The sum of the squares. */
  readonly squares: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
  /** `BINS` counts a group. */
  readonly histogram: Uint32Array
}

/** One group of a `Statistics`, as plain numbers. */
export interface Summary {
  readonly count: number
  readonly mean: number
  /** The sample variance; NaN for a single number. */
  readonly variance: number
  readonly min: number
  readonly max: number
  readonly histogram: readonly number[]
}

export const emptyStatistics = (groups: number): Statistics => ({
  count: new Float64Array(groups),
  sum: new Float64Array(groups),
  squares: new Float64Array(groups),
  min: new Float64Array(groups).fill(Number.POSITIVE_INFINITY),
  max: new Float64Array(groups).fill(Number.NEGATIVE_INFINITY),
  histogram: new Uint32Array(groups * BINS)
})

export function add({ count, sum, squares, min, max, histogram }: Statistics, group: number, x: number): void {
  count[group]++
  sum[group] += x
  squares[group] += x * x
  if (x < min[group]) min[group] = x
  if (x > max[group]) max[group] = x
  histogram[group * BINS + binOf(x)]++
}

/** Adds all that went into group `from` of `other` to group `group`. */
export function merge({ count, sum, squares, min, max, histogram }: Statistics, group: number, other: Statistics, from: number): void {
  if (other.count[from] === 0) return
  count[group] += other.count[from]
  sum[group] += other.sum[from]
  squares[group] += other.squares[from]
  min[group] = Math.min(min[group], other.min[from])
  max[group] = Math.max(max[group], other.max[from])
  for (let bin = 0; bin < BINS; bin++) histogram[group * BINS + bin] += other.histogram[from * BINS + bin]
}

export const summary = ({ count, sum, squares, min, max, histogram }: Statistics, group: number): Summary => ({
  count: count[group],
  mean: sum[group] / count[group],
  variance: varianceOf(count[group], sum[group], squares[group]),
  min: min[group],
  max: max[group],
  histogram: Array.from(histogram.subarray(group * BINS, (group + 1) * BINS))
})

/** The difference of two large products, in whole numbers: in floating point it is where the schoolbook variance loses its digits. */
function varianceOf(count: number, sum: number, squares: number): number {
  if (count < 2) return Number.NaN
  return Number(BigInt(count) * BigInt(squares) - BigInt(sum) ** 2n) / (count * (count - 1))
}

import { BINS, binOf } from './bins.js'

/**
 * Count, mean, spread, extremes and histogram of many groups of numbers at once, a column each: what a tight loop wants,
 * and what travels as a few typed arrays instead of thousands of objects.
 *
 * Each group is updated by Welford's method and two are merged by Chan's formula. Neither subtracts two large sums of squares,
 * which is where the schoolbook variance loses its digits.
 * Source: Welford, Technometrics 4(3), 1962; Chan, Golub, LeVeque, The American Statistician 37(3), 1983.
 */
export interface Statistics {
  readonly count: Float64Array
  readonly mean: Float64Array
  /** The sum of squared distances from the mean. */
  readonly m2: Float64Array
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
  mean: new Float64Array(groups),
  m2: new Float64Array(groups),
  min: new Float64Array(groups).fill(Number.POSITIVE_INFINITY),
  max: new Float64Array(groups).fill(Number.NEGATIVE_INFINITY),
  histogram: new Uint32Array(groups * BINS)
})

export function add(statistics: Statistics, group: number, x: number): void {
  const { count, mean, m2, min, max, histogram } = statistics
  const n = count[group] + 1
  const distance = x - mean[group]
  const moved = mean[group] + distance / n
  count[group] = n
  mean[group] = moved
  m2[group] += distance * (x - moved)
  if (x < min[group]) min[group] = x
  if (x > max[group]) max[group] = x
  histogram[group * BINS + binOf(x)]++
}

/** Adds all that went into group `from` of `other` to group `group`. */
export function merge(statistics: Statistics, group: number, other: Statistics, from: number): void {
  const { count, mean, m2, min, max, histogram } = statistics
  const a = count[group]
  const b = other.count[from]
  if (b === 0) return
  const n = a + b
  const distance = other.mean[from] - mean[group]
  count[group] = n
  mean[group] += (distance * b) / n
  m2[group] += other.m2[from] + (distance * distance * a * b) / n
  min[group] = Math.min(min[group], other.min[from])
  max[group] = Math.max(max[group], other.max[from])
  for (let bin = 0; bin < BINS; bin++) histogram[group * BINS + bin] += other.histogram[from * BINS + bin]
}

export const summary = ({ count, mean, m2, min, max, histogram }: Statistics, group: number): Summary => ({
  count: count[group],
  mean: mean[group],
  variance: count[group] > 1 ? m2[group] / (count[group] - 1) : Number.NaN,
  min: min[group],
  max: max[group],
  histogram: Array.from(histogram.subarray(group * BINS, (group + 1) * BINS))
})

/** Whether calls have become as fast as they will: their times, in the order in which they were taken, do not fall any more. */

import { median } from './median.js'

/** Of fewer nothing can be said. */
const FEWEST = 8
/** What the last quarter may be faster than the one before. */
const GAIN = 0.05

export function areFlat(times: readonly number[]): boolean {
  if (times.length < FEWEST) return false
  const quarter = times.length >> 2
  return median(times.slice(-quarter)) > (1 - GAIN) * median(times.slice(-2 * quarter, -quarter))
}

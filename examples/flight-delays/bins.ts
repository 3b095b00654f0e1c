/** The bins of the histograms: five minutes each, and one on either side for what is beyond. A bin holds its lower edge. */
export const BIN_MINUTES = 5
export const LOWEST = -60
export const HIGHEST = 180
export const BINS = (HIGHEST - LOWEST) / BIN_MINUTES + 2

export function binOf(delay: number): number {
  if (delay < LOWEST) return 0
  if (delay >= HIGHEST) return BINS - 1
  return 1 + Math.floor((delay - LOWEST) / BIN_MINUTES)
}

/** The delay where a bin starts; -Infinity for the first. */
export const lowerEdge = (bin: number): number => (bin === 0 ? Number.NEGATIVE_INFINITY : LOWEST + (bin - 1) * BIN_MINUTES)

/** From how many minutes on the statistics of the U.S. Department of Transportation call a flight late. */
export const LATE = 15

/** The share of late ones in a histogram. */
export function lateShare(histogram: readonly number[]): number {
  let late = 0
  let all = 0
  histogram.forEach((count, bin) => {
    all += count
    if (lowerEdge(bin) >= LATE) late += count
  })
  return late / all
}

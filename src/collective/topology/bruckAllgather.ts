import type { Exchange } from './dissemination.js'

export interface BruckStep extends Exchange {
  /** So many blocks, the first that one has, are sent; as many come and go behind those that one has. */
  readonly count: number
}

/**
 * ⌈log₂ size⌉ steps after which every rank has every block, for any size: block j that a rank has is that of rank (rank + j) mod size.
 * Source: Bruck, Ho, Kipnis, Upfal, Weathersby, Efficient algorithms for all-to-all communications in multiport message-passing systems,
 * IEEE TPDS 8(11), 1997 ("concatenation").
 */
export function bruckAllgather(rank: number, size: number): readonly BruckStep[] {
  const steps: BruckStep[] = []
  for (let distance = 1; distance < size; distance *= 2) {
    const count = Math.min(distance, size - distance)
    steps.push({ to: (rank + size - distance) % size, from: (rank + distance) % size, count })
  }
  return steps
}

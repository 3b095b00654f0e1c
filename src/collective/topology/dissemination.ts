import { keepingLast } from './keepingLast.js'

export interface Exchange {
  readonly to: number
  readonly from: number
}

/**
 * ⌈log₂ size⌉ steps after which every rank has heard, directly or not, from every other: in step k it tells the rank 2ᵏ ahead.
 * Source: Hensgen, Finkel, Manber, Two algorithms for barrier synchronization, IJPP 17(1), 1988.
 */
export const dissemination = keepingLast((rank: number, size: number): readonly Exchange[] => {
  const steps: Exchange[] = []
  for (let distance = 1; distance < size; distance *= 2) {
    steps.push({ to: (rank + distance) % size, from: (rank + size - distance) % size })
  }
  return steps
})

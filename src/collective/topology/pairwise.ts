import type { Exchange } from './dissemination.js'

/**
 * Step 1 … size - 1 of an exchange of everybody with everybody: to the rank that far ahead, from the one that far behind. In a step every
 * rank sends to one and receives from one.
 */
export const pairwise = (rank: number, size: number, step: number): Exchange => ({
  to: (rank + step) % size,
  from: (rank + size - step) % size
})

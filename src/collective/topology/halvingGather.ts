import { powerOfTwo } from './powerOfTwo.js'
import { type Blocks, recursiveHalving } from './recursiveHalving.js'

export type Gathering = { readonly to: number; readonly blocks: Blocks } | { readonly from: number; readonly blocks: Blocks }

/**
 * The way back of recursive halving where only the root is to have the whole: of two partners the one whose place is nearer to the root's
 * takes what the other has gathered, and the other is done. log₂ size steps, in which the root receives (size - 1) ⁄ size of the data.
 * Nobody stands for the root.
 *
 * Source: Rabenseifner, Optimization of collective reduction operations, ICCS 2004.
 */
export function halvingGather(rank: number, size: number, root: number): readonly Gathering[] {
  const { place } = powerOfTwo(rank, size, root)
  const goal = powerOfTwo(root, size, root).place!
  if (place === undefined) return []
  const steps: Gathering[] = []
  for (const [k, { partner, keep, send }] of [...recursiveHalving(rank, size, root).steps.entries()].reverse()) {
    if (((place ^ goal) >> k) & 1) return [...steps, { to: partner, blocks: keep }]
    steps.push({ from: partner, blocks: send })
  }
  return steps
}

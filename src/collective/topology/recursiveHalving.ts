import { keepingLast } from './keepingLast.js'
import { type PowerOfTwo, powerOfTwo } from './powerOfTwo.js'

/** A run of blocks, the end excluded. */
export type Blocks = readonly [first: number, end: number]

export interface Halving {
  readonly partner: number
  /** Half of what one had: to be reduced further here. The partner sends it. */
  readonly keep: Blocks
  /** The other half, which the partner keeps. */
  readonly send: Blocks
}

export interface RecursiveHalving extends PowerOfTwo {
  /** How many blocks the data is cut into: the power of two that take part. */
  readonly blocks: number
  /** None for a rank that another stands for. */
  readonly steps: readonly Halving[]
  /** The block that is complete here after the steps; `undefined` for a rank that another stands for. */
  readonly block: number | undefined
}

/**
 * Reduces by halves: in each step partners exchange half of what they have, so that in the end each has one block of the whole reduction,
 * after log₂ size steps and (size - 1) ⁄ size of the data. The same steps backwards gather: send `keep`, receive `send`.
 *
 * The distance doubles while the vector halves: before step k a rank stands for 2ᵏ places side by side, as in recursive doubling, so a
 * partner of lower rank has the lower operand. The price is that block and place differ: their bits are mirrored. `kept` is a rank that
 * nobody may stand for.
 *
 * Source: Rabenseifner, Optimization of collective reduction operations, ICCS 2004; Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005.
 */
export const recursiveHalving = keepingLast((rank: number, size: number, kept?: number): RecursiveHalving => {
  const { fold, unfold, place, count, at } = powerOfTwo(rank, size, kept)
  if (place === undefined) return { fold, unfold, blocks: count, steps: [], block: undefined }
  const steps: Halving[] = []
  let first = 0
  let half = count / 2
  for (let distance = 1; distance < count; distance *= 2) {
    const lower: Blocks = [first, first + half]
    const upper: Blocks = [first + half, first + 2 * half]
    const [keep, send] = (place & distance) === 0 ? [lower, upper] : [upper, lower]
    steps.push({ partner: at(place ^ distance), keep, send })
    first = keep[0]
    half /= 2
  }
  return { fold, unfold, blocks: count, steps, block: first }
})

/** The place of the rank in which a block is complete after the steps, and the other way round: the bits mirrored. */
export function mirrored(block: number, blocks: number): number {
  let place = 0
  for (let bit = 1; bit < blocks; bit *= 2) place = 2 * place + (block & bit ? 1 : 0)
  return place
}

import { keepingLast } from './keepingLast.js'
import { type PowerOfTwo, powerOfTwo } from './powerOfTwo.js'

export interface RecursiveDoubling extends PowerOfTwo {
  /** With whom to exchange all that one has, in order; nobody for a rank that another stands for. */
  readonly partners: readonly number[]
}

/**
 * log₂ size exchanges after which all have the same, two more steps when size is no power of two. Before step k a rank has what 2ᵏ places
 * have given that lie side by side, its partner what the next or the last 2ᵏ have: a partner of lower rank has the lower operand.
 *
 * Source: Thakur, Rabenseifner, Gropp, Optimization of collective communication operations in MPICH, IJHPCA 19(1), 2005.
 */
export const recursiveDoubling = keepingLast((rank: number, size: number): RecursiveDoubling => {
  const { fold, unfold, place, count, at } = powerOfTwo(rank, size)
  const partners: number[] = []
  if (place !== undefined) for (let distance = 1; distance < count; distance *= 2) partners.push(at(place ^ distance))
  return { fold, unfold, partners }
})

/** The same over these ranks only. */
export function recursiveDoublingOver(rank: number, ranks: readonly number[]): RecursiveDoubling {
  const { fold, unfold, partners } = recursiveDoubling(ranks.indexOf(rank), ranks.length)
  const real = (step: PowerOfTwo['fold']): PowerOfTwo['fold'] =>
    step && ('to' in step ? { to: ranks[step.to]! } : { from: ranks[step.from]! })
  return { fold: real(fold), unfold: real(unfold), partners: partners.map((partner) => ranks[partner]!) }
}

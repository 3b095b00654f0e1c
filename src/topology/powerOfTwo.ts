/**
 * What makes a power of two of any number of ranks: of the first pairs (0, 1), (2, 3) … the even rank hands what it has to the odd one, which stands for
 * both, and gets the result from it in the end. As many pairs as there are ranks too many. Whoever stands for ranks stands for a run
 * of them, so that the order of the ranks stays the order of those that are left.
 */
export interface PowerOfTwo {
  /** Before the steps; `undefined` where a rank stands for itself. */
  readonly fold: { readonly to: number } | { readonly from: number } | undefined
  /** After the steps, the way back of `fold`. */
  readonly unfold: { readonly to: number } | { readonly from: number } | undefined
}

export interface Participant extends PowerOfTwo {
  /** Its place among those that are left, `undefined` where another rank stands for it. */
  readonly place: number | undefined
  /** How many are left. */
  readonly count: number
  /** Who has that place. */
  readonly at: (place: number) => number
}

export function powerOfTwo(rank: number, size: number): Participant {
  const count = 2 ** Math.floor(Math.log2(size))
  const extra = size - count
  const at = (place: number): number => (place < extra ? 2 * place + 1 : place + extra)
  if (rank >= 2 * extra) return { fold: undefined, unfold: undefined, place: rank - extra, count, at }
  if (rank % 2 === 0) return { fold: { to: rank + 1 }, unfold: { from: rank + 1 }, place: undefined, count, at }
  return { fold: { from: rank - 1 }, unfold: { to: rank - 1 }, place: (rank - 1) / 2, count, at }
}

/**
 * What makes a power of two of any number of ranks: of the first pairs (0, 1), (2, 3) … one rank hands what it has to the other, which
 * stands for both, and gets the result from it in the end. As many pairs as there are ranks too many. Whoever stands for ranks stands for a
 * run of them, so that the order of the ranks stays the order of those that are left.
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

/** The odd rank stands for its pair, but where `kept` is the even one: that rank stands for itself. */
export function powerOfTwo(rank: number, size: number, kept?: number): Participant {
  const count = 2 ** Math.floor(Math.log2(size))
  const extra = size - count
  const at = (place: number): number => {
    if (place >= extra) return place + extra
    return 2 * place === kept ? kept : 2 * place + 1
  }
  if (rank >= 2 * extra) return { fold: undefined, unfold: undefined, place: rank - extra, count, at }
  const pair = rank >> 1
  const other = rank ^ 1
  if (at(pair) !== rank) return { fold: { to: other }, unfold: { from: other }, place: undefined, count, at }
  return { fold: { from: other }, unfold: { to: other }, place: pair, count, at }
}

/** The ranks, the end excluded, that whoever has that place stands for. */
export function standsFor(place: number, size: number): readonly [first: number, end: number] {
  const extra = size - 2 ** Math.floor(Math.log2(size))
  return place < extra ? [2 * place, 2 * place + 2] : [place + extra, place + extra + 1]
}

import { keepingLast } from './keepingLast.js'

/** A run of relative ranks, the end excluded. Relative to the root, who is 0: rank r is (r - root) mod size. */
export type Range = readonly [first: number, end: number]

export interface Subtree {
  /** Its uppermost rank. */
  readonly rank: number
  /** Who is in it: `range[0]` is `rank` itself. */
  readonly range: Range
}

export interface BinomialTree extends Subtree {
  /** `undefined` at the root. */
  readonly parent: number | undefined
  /** The largest first: whoever has the longest way to go on should be served first. */
  readonly children: readonly Subtree[]
}

/**
 * A rank's place in the binomial tree: in step k of a gather every rank whose relative rank is an odd multiple of 2ᵏ hands what it has to
 * the one 2ᵏ below, in a broadcast the steps go backwards. ⌈log₂ size⌉ steps, as many children at the root, every subtree a run of relative
 * ranks.
 */
export const binomialTree = keepingLast((rank: number, size: number, root: number): BinomialTree => {
  const relative = (rank - root + size) % size
  const real = (other: number): number => (other + root) % size
  const children: Subtree[] = []
  let distance = 1
  // The lowest bit that is set is the distance to the parent; below it are the children.
  for (; (relative & distance) === 0 && distance < size; distance *= 2) {
    const child = relative + distance
    if (child < size) children.push({ rank: real(child), range: [child, Math.min(child + distance, size)] })
  }
  // Only the last can be cut short by the tree's end.
  children.reverse().sort((a, b) => length(b.range) - length(a.range))
  return {
    rank,
    range: [relative, Math.min(relative + distance, size)],
    parent: relative === 0 ? undefined : real(relative - distance),
    children
  }
})

const length = ([first, end]: Range): number => end - first

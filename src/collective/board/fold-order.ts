import { binomialTree } from '../topology/binomialTree.js'

/** In which order the values of all ranks are combined: in each step those at two of them, into the place of the first. */
export interface FoldOrder {
  readonly steps: readonly (readonly [into: number, from: number])[]
  /** Whose place has all in the end. */
  readonly last: number
}

/** As partners do that double: first the pairs of `powerOfTwo`, then neighbours, then neighbours of those. */
export function doublingOrder(size: number): FoldOrder {
  const count = 2 ** Math.floor(Math.log2(size))
  const extra = size - count
  const rankOf = (place: number): number => (place < extra ? 2 * place : place + extra)
  const steps: [number, number][] = Array.from({ length: extra }, (_, place) => [2 * place, 2 * place + 1])
  for (let distance = 1; distance < count; distance *= 2) {
    for (let place = 0; place < count; place += 2 * distance) steps.push([rankOf(place), rankOf(place + distance)])
  }
  return { steps, last: 0 }
}

/** As up a binomial tree: each rank combines what it has with what its children have, the nearest first. */
export function treeOrder(size: number, root: number): FoldOrder {
  const steps: [number, number][] = []
  const visit = (rank: number): void => {
    const { children } = binomialTree(rank, size, root)
    for (const child of [...children].sort((a, b) => a.range[0] - b.range[0])) {
      visit(child.rank)
      steps.push([rank, child.rank])
    }
  }
  visit(root)
  return { steps, last: root }
}

/** Combines all values; what is of lower ranks comes first. */
export function folded<V>({ steps, last }: FoldOrder, size: number, given: (rank: number) => V, combine: (a: V, b: V) => V): V {
  if (size === 2) return combine(given(0), given(1))
  const values = Array.from({ length: size }, (_, rank) => given(rank))
  for (const [into, from] of steps) {
    const [a, b] = [values[into]!, values[from]!]
    values[into] = into < from ? combine(a, b) : combine(b, a)
  }
  return values[last]!
}

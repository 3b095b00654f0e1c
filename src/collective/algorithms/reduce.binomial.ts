import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { binomialTree } from '../topology/binomialTree.js'
import type { Accumulator } from './accumulator.js'
import { combinedFrom, handedTo, resultFrom } from './combining.js'

/**
 * Every rank combines what it has with what its children have, in order, and hands it to its parent. A non-commutative op is reduced
 * to rank 0, in the order of the ranks, and the result forwarded to the root.
 *
 * Steps: ⌈log₂ p⌉, one more where the result is forwarded. Bytes: a rank sends n. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005,
 * §4.4.
 */
export function binomialReduce(links: Links, root: number, commutative: boolean): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  const top = commutative ? root : 0
  const { parent, children } = binomialTree(rank, size, top)
  const to = parent ?? (rank === root ? undefined : root)
  return through([
    // The nearest first: its ranks follow on this one's.
    ...[...children]
      .sort((a, b) => a.range[0] - b.range[0])
      .map((child) => combinedFrom(links, child.rank, commutative && child.rank < rank)),
    ...(to === undefined ? [] : [handedTo(links, to)]),
    ...(rank === root && top !== root ? [resultFrom(links, top)] : [])
  ])
}

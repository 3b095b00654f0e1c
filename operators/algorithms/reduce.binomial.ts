import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import { through } from '../../src/collective/through.js'
import { binomialTree } from '../../src/topology/binomialTree.js'
import type { Partial } from './partial.js'

/**
 * Every rank combines what it has with what its children have, in order, and hands it to its parent. A non-commutative op is reduced
 * to rank 0, in the order of the ranks, and the result forwarded to the root.
 *
 * Steps: ⌈log₂ p⌉, one more where the result is forwarded. Bytes: a rank sends n. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.4.
 */
export function binomialReduce(links: Links, root: number, commutative: boolean): MonoTypeOperatorFunction<Partial> {
  const { rank, size } = links.comm
  const top = commutative ? root : 0
  const { parent, children } = binomialTree(rank, size, top)
  const fromChild = (child: number): MonoTypeOperatorFunction<Partial> => {
    const lower = commutative && child < rank
    return links.step({
      from: child,
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.pourInto(message, lower),
      take: (partial, message) => partial.combine(message, lower)
    })
  }
  const to = parent ?? (rank === root ? undefined : root)
  return through([
    // The nearest first: its ranks follow on this one's.
    ...[...children].sort((a, b) => a.range[0] - b.range[0]).map((child) => fromChild(child.rank)),
    ...(to === undefined ? [] : [links.step<Partial>({ send: (partial) => partial.handOver(links, to) })]),
    ...(rank === root && top !== root ? [result(links, top)] : [])
  ])
}

const result = (links: Links, from: number): MonoTypeOperatorFunction<Partial> =>
  links.step({
    from,
    shape: (partial) => partial.shape,
    place: (partial, message) => partial.land(message),
    take: (partial, message) => partial.replace(message)
  })

import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import { through } from '../../src/collective/through.js'
import { recursiveDoubling } from '../../src/topology/recursiveDoubling.js'
import type { Partial } from './partial.js'

/**
 * Partners exchange all they have, and both combine it, in the order of their ranks: after log₂ p exchanges all have the same.
 *
 * Steps: log₂ p, or ⌊log₂ p⌋ + 2 where p is no power of two. Bytes: a rank sends n in each.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function recursiveDoublingAllreduce(links: Links): MonoTypeOperatorFunction<Partial> {
  const { rank, size } = links.comm
  const { fold, partners, unfold } = recursiveDoubling(rank, size)
  const exchange = (send: number | undefined, from: number | undefined): MonoTypeOperatorFunction<Partial> =>
    links.step({
      from,
      send: send === undefined ? undefined : (partial) => partial.send(links, send),
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.pourInto(message, from! < rank),
      take: (partial, message) => partial.combine(message, from! < rank)
    })
  return through([
    ...(fold === undefined ? [] : [exchange('to' in fold ? fold.to : undefined, 'from' in fold ? fold.from : undefined)]),
    ...partners.map((partner) => exchange(partner, partner)),
    ...(unfold === undefined ? [] : ['to' in unfold ? handOver(links, unfold.to) : handedOver(links, unfold.from)])
  ])
}

/** The result goes to a rank that had another stand for it. */
export const handOver = (links: Links, to: number): MonoTypeOperatorFunction<Partial> =>
  links.step({ send: (partial) => partial.handOver(links, to) })

export const handedOver = (links: Links, from: number): MonoTypeOperatorFunction<Partial> =>
  links.step({
    from,
    shape: (partial) => partial.shape,
    place: (partial, message) => partial.land(message),
    take: (partial, message) => partial.replace(message)
  })

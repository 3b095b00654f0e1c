import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import { through } from '../../src/collective/through.js'
import { recursiveDoubling } from '../../src/topology/recursiveDoubling.js'
import type { Partial } from './partial.js'
import { folded, unfolded } from './standIn.js'

/**
 * Partners exchange all they have, and both combine it, in the order of their ranks: after log₂ p exchanges all have the same.
 *
 * Steps: log₂ p, or ⌊log₂ p⌋ + 2 where p is no power of two. Bytes: a rank sends n in each.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function recursiveDoublingAllreduce(links: Links): MonoTypeOperatorFunction<Partial> {
  const { rank, size } = links.comm
  const { fold, partners, unfold } = recursiveDoubling(rank, size)
  const exchange = (partner: number): MonoTypeOperatorFunction<Partial> => {
    const lower = partner < rank
    return links.step({
      from: partner,
      send: (partial) => partial.send(links, partner),
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.pourInto(message, lower),
      take: (partial, message) => partial.combine(message, lower)
    })
  }
  return through([...folded(links, fold), ...partners.map(exchange), ...unfolded(links, unfold)])
}

import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import type { PowerOfTwo } from '../../src/topology/powerOfTwo.js'
import type { Partial } from './partial.js'

/** One rank hands what it has to another, which stands for both: none, where a rank stands for itself. */
export function folded(links: Links, fold: PowerOfTwo['fold']): MonoTypeOperatorFunction<Partial>[] {
  if (fold === undefined) return []
  if ('to' in fold) return [links.step({ send: (partial) => partial.handOver(links, fold.to) })]
  const lower = fold.from < links.comm.rank
  return [
    links.step({
      from: fold.from,
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.pourInto(message, lower),
      take: (partial, message) => partial.combine(message, lower)
    })
  ]
}

/** The way back, with the result. */
export function unfolded(links: Links, unfold: PowerOfTwo['unfold']): MonoTypeOperatorFunction<Partial>[] {
  if (unfold === undefined) return []
  if ('to' in unfold) return [links.step({ send: (partial) => partial.handOver(links, unfold.to) })]
  return [
    links.step({
      from: unfold.from,
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.land(message),
      take: (partial, message) => partial.replace(message)
    })
  ]
}

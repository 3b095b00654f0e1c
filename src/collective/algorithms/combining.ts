import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import type { Accumulator } from './accumulator.js'

/** Combines what a rank sends with what there is, and may send all there is to another before. `lower`: what comes is of lower ranks. */
export const combinedFrom = (links: Links, from: number | undefined, lower: boolean, to?: number): MonoTypeOperatorFunction<Accumulator> =>
  links.step({
    from,
    send: to === undefined ? undefined : (partial) => partial.send(links, to),
    shape: (partial) => partial.shape,
    place: (partial, message) => partial.pourInto(message, lower),
    take: (partial, message) => partial.combine(message, lower)
  })

/** Exchanges all there is with a partner; both combine it. */
export const combinedWith = (links: Links, partner: number): MonoTypeOperatorFunction<Accumulator> =>
  combinedFrom(links, partner, partner < links.comm.rank, partner)

/** Receives what another rank has made of it. */
export const resultFrom = (links: Links, from: number): MonoTypeOperatorFunction<Accumulator> =>
  links.step({
    from,
    shape: (partial) => partial.shape,
    place: (partial, message) => partial.land(message),
    take: (partial, message) => partial.replace(message)
  })

/** Hands all there is to another rank; the memory does not change until the round is over. */
export const handedTo = (links: Links, to: number): MonoTypeOperatorFunction<Accumulator> =>
  links.step({ send: (partial) => partial.handOver(links, to) })

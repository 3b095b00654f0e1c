import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import { through } from '../../src/collective/through.js'
import { type Blocks, recursiveHalving } from '../../src/topology/recursiveHalving.js'
import { handedOver, handOver } from './allreduce.recursiveDoubling.js'
import type { Partial } from './partial.js'

/**
 * Partners exchange halves of what they have and each combines the half it keeps, until every rank has one block of the result; then the same way back, with
 * finished blocks. Every element is combined on one rank, in the order of the ranks.
 *
 * Steps: 2 log₂ p, two more where p is no power of two. Bytes: a rank sends 2 n (p - 1) ⁄ p, and combines half of that.
 * Source: Rabenseifner, ICCS 2004; Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function rabenseifnerAllreduce(links: Links): MonoTypeOperatorFunction<Partial> {
  const { rank, size } = links.comm
  const { fold, blocks, steps, unfold } = recursiveHalving(rank, size)
  const at = (block: number, partial: Partial): number => Math.floor((partial.length * block) / blocks)
  const send = (partial: Partial, to: number, [first, end]: Blocks): void =>
    partial.sendRun(links, to, at(first, partial), at(end, partial))
  const shape = (partial: Partial): number => partial.shape
  return through([
    ...(fold === undefined ? [] : ['to' in fold ? handOver(links, fold.to) : foldIn(links, fold.from)]),
    ...steps.map((step) =>
      links.step<Partial>({
        from: step.partner,
        send: (partial) => send(partial, step.partner, step.send),
        shape,
        place: (partial, message) => partial.pourInto(message, step.partner < rank, at(step.keep[0], partial)),
        take: (partial, message) => partial.combine(message, step.partner < rank)
      })
    ),
    ...[...steps].reverse().map((step) =>
      links.step<Partial>({
        from: step.partner,
        send: (partial) => send(partial, step.partner, step.keep),
        shape,
        place: (partial, message) => partial.land(message, at(step.send[0], partial)),
        take: (partial, message) => partial.replace(message)
      })
    ),
    ...(unfold === undefined ? [] : ['to' in unfold ? handOver(links, unfold.to) : handedOver(links, unfold.from)])
  ])
}

const foldIn = (links: Links, from: number): MonoTypeOperatorFunction<Partial> =>
  links.step({
    from,
    shape: (partial) => partial.shape,
    place: (partial, message) => partial.pourInto(message, true),
    take: (partial, message) => partial.combine(message, true)
  })

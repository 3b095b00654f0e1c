import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { recursiveHalving } from '../topology/recursiveHalving.js'
import type { Accumulator } from './accumulator.js'
import { Halves } from './halves.js'
import { folded, unfolded } from './non-power-of-two.js'

/**
 * Partners exchange halves of what they have and each combines the half it keeps, until every rank has one block of the result; then the
 * same way back, with finished blocks. Every element is combined on one rank, in the order of the ranks.
 *
 * Steps: 2 log₂ p, two more where p is no power of two. Bytes: a rank sends 2 n (p - 1) ⁄ p, and combines half of that.
 * Source: Rabenseifner, ICCS 2004; Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function rabenseifnerAllreduce(links: Links): MonoTypeOperatorFunction<Accumulator> {
  const { fold, blocks, steps, unfold } = recursiveHalving(links.comm.rank, links.comm.size)
  const halves = new Halves(links, blocks)
  return through([
    ...folded(links, fold),
    ...steps.map((step) => halves.combine(step)),
    ...[...steps].reverse().map(({ partner, keep, send }) => halves.take(partner, send, halves.give(partner, keep))),
    ...unfolded(links, unfold)
  ])
}

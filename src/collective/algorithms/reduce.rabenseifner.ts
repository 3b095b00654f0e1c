import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { halvingGather } from '../topology/halvingGather.js'
import { recursiveHalving } from '../topology/recursiveHalving.js'
import type { Accumulator } from './accumulator.js'
import { Halves } from './halves.js'
import { folded } from './non-power-of-two.js'

/**
 * Reduces by halves, as Rabenseifner's allreduce, but the way back leads to the root alone. In the order of the ranks whatever the root.
 *
 * Steps: 2 log₂ p, one more where p is no power of two. Bytes: a rank sends less than 2 n, the root n (p - 1) ⁄ p; each combines n
 * (p - 1) ⁄ p. Source: Rabenseifner, ICCS 2004; Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.4.
 */
export function rabenseifnerReduce(links: Links, root: number): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  const { fold, blocks, steps } = recursiveHalving(rank, size, root)
  const halves = new Halves(links, blocks)
  return through([
    ...folded(links, fold),
    ...steps.map((step) => halves.combine(step)),
    ...halvingGather(rank, size, root).map((step) =>
      'to' in step ? links.step({ send: halves.give(step.to, step.blocks) }) : halves.take(step.from, step.blocks)
    )
  ])
}

import { type MonoTypeOperatorFunction, map } from 'rxjs'
import { type Links, NO_SHAPE } from '../steps.js'
import { through } from '../through.js'
import { type PowerOfTwo, standsFor } from '../topology/powerOfTwo.js'
import { type Halving, mirrored, recursiveHalving } from '../topology/recursiveHalving.js'
import type { Accumulator } from './accumulator.js'
import type { Blocks } from './blocks.js'
import { folded } from './non-power-of-two.js'

/**
 * Partners exchange halves of what they have and each combines and goes on with the half it keeps, until it has its own block, and that of
 * the rank that it stands for. In the order of the ranks, for which the blocks are first laid in the order in which halving ends with them.
 *
 * Steps: log₂ p, or ⌊log₂ p⌋ + 2 where p is no power of two. Bytes: a rank sends n (p - 1) ⁄ p, n more where another stands for it.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.3.
 */
export function recursiveHalvingReduceScatter(links: Links, blocks: () => Blocks): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  const { fold, blocks: count, steps, unfold } = recursiveHalving(rank, size)
  const runs = Array.from({ length: count }, (_, block) => standsFor(mirrored(block, count), size))
  const weight = ([first, end]: Halving['keep']): number =>
    runs.slice(first, end).reduce((sum, [start, stop]) => sum + blocks().weight(start, stop), 0)
  const arrange = map((partial: Accumulator) => {
    if (partial.present) partial.become(blocks().arranged(partial.value, runs))
    return partial
  })
  return through([
    ...folded(links, fold),
    // Of two blocks the order is that of the ranks.
    ...(count > 2 && steps.length > 0 ? [arrange] : []),
    ...steps.map(({ partner, keep, send }) => {
      const lower = partner < rank
      const keepsFirst = keep[0] < send[0]
      const [first, last] = keepsFirst ? [keep, send] : [send, keep]
      return links.step<Accumulator>({
        from: partner,
        send: (partial) => partial.sendPart(links, partner, partial.split(weight(first), weight(last), keepsFirst)),
        shape: (partial) => partial.shape,
        place: (partial, message) => partial.pourInto(message, lower),
        take: (partial, message) => partial.combine(message, lower)
      })
    }),
    ...dealt(links, unfold, blocks)
  ])
}

/** Whoever stands for two ranks gives one of them its block. */
function dealt(links: Links, unfold: PowerOfTwo['unfold'], blocks: () => Blocks): MonoTypeOperatorFunction<Accumulator>[] {
  if (unfold === undefined) return []
  const { rank } = links.comm
  if ('from' in unfold) {
    return [
      links.step({
        from: unfold.from,
        shape: (partial) => partial.shape,
        take: (partial, message) => {
          if (message.shape !== NO_SHAPE) partial.become(message.value())
        }
      })
    ]
  }
  const split = (partial: Accumulator): unknown => partial.split(blocks().weight(rank - 1, rank), blocks().weight(rank, rank + 1), false)
  return [links.step({ send: (partial) => partial.sendPart(links, unfold.to, split(partial)) })]
}

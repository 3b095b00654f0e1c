import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Links, NO_SHAPE } from '../steps.js'
import { through } from '../through.js'
import { bruckAllgather } from '../topology/bruckAllgather.js'
import { blocksOf, sendBlocks } from './block.js'
import type { Collection } from './collection.js'

/**
 * Every rank sends the blocks it has to a rank behind it, twice as far in each step, and gets as many from ahead: what it has doubles.
 *
 * Steps: ⌈log₂ p⌉, for any p. Bytes: a rank sends n (p - 1). Source: Bruck et al., IEEE TPDS 8(11), 1997.
 */
export function allgatherByBruck(links: Links): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  return through(
    bruckAllgather(rank, size).map(({ to, from, count }) =>
      links.step<Collection>({
        from,
        send: (unit) => sendBlocks(links, unit, to, unit.blocks.slice(0, count)),
        shape: () => NO_SHAPE,
        take: ({ blocks }, message) => blocks.push(...blocksOf(message, count))
      })
    )
  )
}

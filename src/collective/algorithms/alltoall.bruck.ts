import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Links, NO_SHAPE } from '../steps.js'
import { through } from '../through.js'
import { bruckAlltoall } from '../topology/bruckAlltoall.js'
import { blocksOf, sendBlocks } from './block.js'
import type { Collection } from './collection.js'

/**
 * A block goes a hop for every bit of the distance it has to go, together with all others that go that hop.
 *
 * Steps: ⌈log₂ p⌉, for any p. Bytes: a rank sends about n ⁄ 2 in each, where n is all that it gives.
 * Source: Bruck et al., IEEE TPDS 8(11), 1997.
 */
export function alltoallByBruck(links: Links): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  return through(
    bruckAlltoall(rank, size).map(({ to, from, places }) =>
      links.step<Collection>({
        from,
        send: (unit) =>
          sendBlocks(
            links,
            unit,
            to,
            places.map((place) => unit.blocks[place]!)
          ),
        shape: () => NO_SHAPE,
        take: ({ blocks }, message) => {
          for (const [k, block] of blocksOf(message, places.length).entries()) blocks[places[k]!] = block
        }
      })
    )
  )
}

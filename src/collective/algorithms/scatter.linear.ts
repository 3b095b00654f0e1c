import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { shapeOf } from './collection.js'
import type { ScatterUnit } from './scatter-unit.js'

/**
 * The root sends every rank its block, straight to its place.
 *
 * Steps: 1. Bytes: the root sends n (p - 1), where n is a block. Nothing is copied or kept on the way.
 */
export function linearScatter(links: Links, root: number): MonoTypeOperatorFunction<ScatterUnit> {
  const { rank, size } = links.comm
  if (rank === root) {
    return links.step({
      send: (unit) => {
        for (const [steps, block] of unit.blocks.entries())
          if (steps > 0 && block.apart) block.send(links, unit, (root + steps) % size, shapeOf(block.length))
      }
    })
  }
  return links.step({
    from: root,
    expects: ({ own }) => own.apart,
    shape: ({ own }) => shapeOf(own.length),
    place: (unit, message) => unit.place(message),
    take: (unit, message) => unit.land(message)
  })
}

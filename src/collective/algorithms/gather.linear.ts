import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Incoming } from '../../progress/incoming.js'
import type { Links } from '../steps.js'
import { type Collection, shapeOf } from './collection.js'
import { atOnce } from './eager-and-bulk.js'

/**
 * Every rank sends its block to the root, which receives all of them at once, each in its place.
 *
 * Steps: 1. Bytes: the root receives n (p - 1), another rank sends n. Nothing is copied or kept on the way.
 */
export function linearGather(links: Links, root: number): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  if (rank !== root) {
    return links.step({
      send: (unit) => {
        const [own] = unit.given
        own!.send(links, unit, root, shapeOf(own!.length))
      }
    })
  }
  const others = Array.from({ length: size - 1 }, (_, k) => (root + k + 1) % size)
  return atOnce(
    links,
    others.map((from) => links.step(receiveApart(from)))
  )
}

/** Receives the block of a rank that comes apart. */
export const receiveApart = (from: number) => ({
  from,
  expects: (unit: Collection) => unit.comesApart(from),
  shape: (unit: Collection) => unit.shapeFrom(from),
  place: (unit: Collection, message: Incoming) => unit.place(from, message),
  take: (unit: Collection, message: Incoming) => unit.land(from, message)
})

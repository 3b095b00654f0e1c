import { filter, type MonoTypeOperatorFunction, map, mergeMap } from 'rxjs'
import type { Links, Unit } from '../steps.js'
import { ring } from '../topology/ring.js'
import { type Collection, shapeOf } from './collection.js'

/** A block on its way round the ring, as one rank sees it. */
interface Hop extends Unit {
  readonly unit: Collection
  /** Whose block it is. */
  readonly owner: number
  /** The last of its round. */
  readonly last: boolean
}

/**
 * Every rank sends its block to the right, then each block that comes from the left, until all have gone round. Each lands in its place and
 * goes on from there.
 *
 * Steps: p - 1. Bytes: a rank sends n (p - 1), always to the same rank. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.1.
 */
export function ringAllgather(links: Links): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  const { left, right } = ring(rank, size)
  const hopsOf = (unit: Collection): Hop[] => {
    const owners = [rank]
    for (let steps = 1; steps < size; steps++) {
      const owner = (rank - steps + size) % size
      if (unit.comesApart(owner)) owners.push(owner)
    }
    return owners.map((owner, k) => ({ pending: 0, unit, owner, last: k === owners.length - 1 }))
  }
  const receive = links.step<Hop>({
    from: left,
    expects: ({ owner }) => owner !== rank,
    shape: ({ unit, owner }) => unit.shapeFrom(owner),
    place: ({ unit, owner }, message) => unit.place(owner, message),
    take: ({ unit, owner }, message) => unit.land(owner, message)
  })
  const send = links.step<Hop>({
    send: ({ unit, owner }) => {
      const block = owner === rank ? unit.given[0]! : unit.pass(owner)
      if (owner !== right && block.apart) block.send(links, unit, right, shapeOf(block.length))
    }
  })
  return (units) =>
    units.pipe(
      mergeMap(hopsOf),
      receive,
      send,
      filter(({ last }) => last),
      map(({ unit }) => unit)
    )
}

import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { pairwise } from '../topology/pairwise.js'
import { type Collection, shapeOf } from './collection.js'
import { receiveApart } from './gather.linear.js'

/**
 * In step k every rank sends to the one k places on what is for it, and receives from the one k places back, straight to its place.
 *
 * Steps: p - 1. Bytes: a rank sends n (p - 1) ⁄ p, where n is all that it gives. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005,
 * §4.3.
 */
export function pairwiseAlltoall(links: Links): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  return through(
    Array.from({ length: size - 1 }, (_, k) => {
      const { to, from } = pairwise(rank, size, k + 1)
      return links.step<Collection>({
        ...receiveApart(from),
        send: (unit) => {
          const block = unit.given[k + 1]!
          if (block.apart) block.send(links, unit, to, shapeOf(block.length))
        }
      })
    })
  )
}

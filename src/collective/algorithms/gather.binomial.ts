import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Links, NO_SHAPE } from '../steps.js'
import { through } from '../through.js'
import { binomialTree } from '../topology/binomialTree.js'
import { blocksOf, sendBlocks } from './block.js'
import type { Collection } from './collection.js'

/**
 * Every rank adds the blocks of its children's subtrees to its own, nearest first, so that they stay a run of ranks, and hands them to its
 * parent in one message.
 *
 * Steps: ⌈log₂ p⌉. Bytes: the root receives n (p - 1), another rank sends what its subtree has, up to n p ⁄ 2.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4; MPI 4.1 §6.5.
 */
export function binomialGather(links: Links, root: number): MonoTypeOperatorFunction<Collection> {
  const { rank, size } = links.comm
  const { parent, children } = binomialTree(rank, size, root)
  const nearestFirst = [...children].sort((a, b) => a.range[0] - b.range[0])
  return through([
    ...nearestFirst.map((child) =>
      links.step<Collection>({
        from: child.rank,
        shape: () => NO_SHAPE,
        take: ({ blocks }, message) => blocks.push(...blocksOf(message, child.range[1] - child.range[0]))
      })
    ),
    ...(parent === undefined ? [] : [links.step<Collection>({ send: (unit) => sendBlocks(links, unit, parent, unit.blocks) })])
  ])
}

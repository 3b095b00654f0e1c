import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { binomialTree } from '../topology/binomialTree.js'
import { sendBlocks } from './block.js'
import type { ScatterUnit } from './scatter-unit.js'

/**
 * Every rank sends each of its children the blocks of the child's subtree in one message, the largest subtree first.
 *
 * Steps: ⌈log₂ p⌉. Bytes: the root sends n (p - 1), where n is a block, another rank what its subtree gets but for itself.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4; MPI 4.1 §6.6.
 */
export function binomialScatter(links: Links, root: number): MonoTypeOperatorFunction<ScatterUnit> {
  const { rank, size } = links.comm
  const { range, children } = binomialTree(rank, size, root)
  return links.step({
    send: (unit) => {
      for (const child of children) {
        const [first, end] = child.range
        sendBlocks(links, unit, child.rank, unit.blocks.slice(first - range[0], end - range[0]))
      }
    }
  })
}

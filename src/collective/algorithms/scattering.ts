import { map } from 'rxjs'
import type { BufferLike } from '../../codec/datatype.js'
import { checkInto, checkRoot } from '../../diagnostics/arguments.js'
import type { Counts } from '../call.js'
import type { Definition, Ranks } from '../definition.js'
import { binomialTree } from '../topology/binomialTree.js'
import { type Block, blocksOf } from './block.js'
import { eagerAndBulk } from './eager-and-bulk.js'
import { binomialScatter } from './scatter.binomial.js'
import { linearScatter } from './scatter.linear.js'
import { ScatterUnit } from './scatter-unit.js'

interface Scattering<T> {
  readonly name: string
  readonly counts?: Counts
  readonly root: number
  readonly algorithm: string | undefined
  readonly into: BufferLike | undefined
  readonly check: (data: T) => void
  /** What each rank is to get, by rank. */
  readonly cut: (data: T) => Block[]
}

/** What `scatter` and `scatterv` have in common: the blocks go out from the root. */
export function scatteringOf<T, R>(comm: Ranks, { name, counts, root, algorithm, into, check, cut }: Scattering<T>): Definition<T, R> {
  const { rank, size } = comm
  checkRoot(root, size)
  if (into !== undefined) checkInto(into)
  const atRoot = rank === root
  const { parent, range } = binomialTree(rank, size, root)
  return {
    name,
    counts,
    root,
    algorithm,
    giver: root,
    ahead: true,
    check,
    build: (links) => (values) => {
      const shares =
        parent === undefined
          ? values.pipe(
              map((data) => {
                const blocks = cut(data)
                return new ScatterUnit([...blocks.slice(root), ...blocks.slice(0, root)], into)
              })
            )
          : links.from(parent, (message) => new ScatterUnit(blocksOf(message, range[1] - range[0]), into))
      return shares.pipe(
        eagerAndBulk(links, {
          foreseen: () => !atRoot,
          know: () => true,
          isParted: ({ own, blocks }) => (atRoot ? blocks.some(({ apart }) => apart) : own.apart),
          bundles: binomialScatter(links, root),
          apart: (aside) => linearScatter(aside, root)
        }),
        links.settled(),
        map((share) => share.result(!atRoot) as R)
      )
    }
  }
}

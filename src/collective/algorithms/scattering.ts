import { map } from 'rxjs'
import { checkRoot } from '../../diagnostics/arguments.js'
import type { CallOptions } from '../call.js'
import type { Definition, Ranks } from '../definition.js'
import { binomialTree } from '../topology/binomialTree.js'
import { type Block, blocksOf } from './block.js'
import { eagerAndBulk } from './eager-and-bulk.js'
import { checkPlace } from './reduction.js'
import { binomialScatter } from './scatter.binomial.js'
import { linearScatter } from './scatter.linear.js'
import { ScatterUnit } from './scatter-unit.js'

interface Scattering<T> {
  readonly name: string
  readonly root: number
  readonly algorithm: string | undefined
  readonly checkOptions?: (options: CallOptions) => void
  readonly check: (data: T, options: CallOptions) => void
  /** What each rank is to get, by rank. */
  readonly cut: (data: T, options: CallOptions) => Block[]
}

/** What `scatter` and `scatterv` have in common: the blocks go out from the root. */
export function scatteringOf<T, R>(comm: Ranks, { name, root, algorithm, checkOptions, check, cut }: Scattering<T>): Definition<T, R> {
  const { rank, size } = comm
  checkRoot(root, size)
  const atRoot = rank === root
  const { parent, range } = binomialTree(rank, size, root)
  return {
    name,
    root,
    algorithm,
    giver: root,
    ahead: true,
    checkOptions(options) {
      checkPlace(options)
      checkOptions?.(options)
    },
    check,
    build: (links) => (values) => {
      const shares =
        parent === undefined
          ? values.pipe(
              map((data) => {
                const { options } = links
                const blocks = cut(data, options)
                return new ScatterUnit([...blocks.slice(root), ...blocks.slice(0, root)], options.into)
              })
            )
          : links.from(parent, (message) => new ScatterUnit(blocksOf(message, range[1] - range[0]), links.options.into))
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

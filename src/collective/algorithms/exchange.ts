import { map } from 'rxjs'
import type { CallOptions } from '../call.js'
import type { Ranks } from '../definition.js'
import { ABSENT, type Definition } from '../definition.js'
import { alltoallByBruck } from './alltoall.bruck.js'
import { pairwiseAlltoall } from './alltoall.pairwise.js'
import { Block } from './block.js'
import { Collection, type Form } from './collection.js'
import { eagerAndBulk } from './eager-and-bulk.js'

interface Exchange<T> {
  readonly name: string
  readonly algorithm: string | undefined
  readonly limit: number
  readonly checkOptions: (options: CallOptions) => void
  readonly check: (data: T, options: CallOptions) => void
  /** What each rank is to get, by rank. */
  readonly cut: (data: T, options: CallOptions) => Block[]
  /** How this rank wants what it gets in a round; `undefined` as values. */
  readonly form: (data: T, options: CallOptions) => Form | undefined
}

/** What `alltoall` and `alltoallv` have in common: a block from everyone to everyone. */
export function exchangeOf<T, R>(comm: Ranks, { name, algorithm, limit, checkOptions, check, cut, form }: Exchange<T>): Definition<T, R> {
  const { rank, size } = comm
  const others = Array.from({ length: size - 1 }, (_, k) => (rank + k + 1) % size)
  const begin = (data: T, options: CallOptions): Collection => {
    const blocks = data === ABSENT ? others.concat(rank).map(() => Block.of(ABSENT, limit)) : cut(data, options)
    return new Collection([...blocks.slice(rank), ...blocks.slice(0, rank)], comm, limit, form(data, options), true)
  }
  return {
    name,
    algorithm,
    checkOptions,
    check,
    build: (links) => (values) =>
      values.pipe(
        map((data) => begin(data, links.options)),
        eagerAndBulk(links, {
          foreseen: (unit) => unit.foreseen,
          know: (unit) => unit.know(),
          isParted: (unit) => unit.given.some(({ apart }, steps) => apart && steps > 0) || others.some((other) => unit.comesApart(other)),
          bundles: alltoallByBruck(links),
          apart: pairwiseAlltoall
        }),
        links.settled(),
        map((unit) => unit.result as R)
      )
  }
}

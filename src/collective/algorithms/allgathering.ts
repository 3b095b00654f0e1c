import { map } from 'rxjs'
import type { CallOptions } from '../call.js'
import type { Definition, Ranks } from '../definition.js'
import { allgatherByBruck } from './allgather.bruck.js'
import { ringAllgather } from './allgather.ring.js'
import { Block } from './block.js'
import { Collection, type Form } from './collection.js'
import { eagerAndBulk } from './eager-and-bulk.js'

interface Allgathering<T> {
  readonly name: string
  readonly algorithm: string | undefined
  readonly limit: number
  readonly checkOptions: (options: CallOptions) => void
  readonly check: (data: T, options: CallOptions) => void
  /** How this rank wants the blocks of a round; `undefined` as values. */
  readonly form: (data: T, options: CallOptions) => Form | undefined
}

/** What `allgather` and `allgatherv` have in common: the blocks of all come to all. */
export function allgatheringOf<T, R>(
  comm: Ranks,
  { name, algorithm, limit, checkOptions, check, form }: Allgathering<T>
): Definition<T, R> {
  const { rank, size } = comm
  const others = Array.from({ length: size - 1 }, (_, k) => (rank + k + 1) % size)
  return {
    name,
    algorithm,
    checkOptions,
    check,
    build: (links) => (values) =>
      values.pipe(
        map((data) => new Collection([Block.of(data, limit, size)], comm, limit, form(data, links.options))),
        eagerAndBulk(links, {
          foreseen: (unit) => unit.foreseen,
          know: (unit) => unit.know(),
          isParted: (unit) => size > 1 && (unit.given[0]!.apart || others.some((other) => unit.comesApart(other))),
          bundles: allgatherByBruck(links),
          apart: ringAllgather
        }),
        links.settled(),
        map((unit) => unit.result as R)
      )
  }
}

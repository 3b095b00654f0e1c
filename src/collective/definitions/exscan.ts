import { map } from 'rxjs'
import type { AnyOp, TypedArray } from '../../op/op.js'
import { Accumulator } from '../algorithms/accumulator.js'
import { Prefix, recursiveDoublingExscan } from '../algorithms/exscan.recursiveDoubling.js'
import { type Into, reductionOf } from '../algorithms/reduction.js'
import type { Ranks } from '../definition.js'
import { ABSENT, type Definition, NOTHING, type StreamOptions } from '../definition.js'

/** @internal */
export function exscanOf(comm: Ranks, op: AnyOp, { into }: StreamOptions & Into): Definition<unknown, unknown> {
  const target = comm.rank === 0 ? undefined : into
  const { check } = reductionOf(op, target)
  const details = { into: target as TypedArray | undefined }
  const begin = (data: unknown): Prefix => new Prefix(new Accumulator(data, op), new Accumulator(ABSENT, op, details))
  return {
    name: 'exscan',
    op: op.name,
    ahead: true,
    meetsAll: comm.rank === comm.size - 1,
    check,
    build: (links) => (values) =>
      values.pipe(
        map(begin),
        recursiveDoublingExscan(links),
        links.settled(),
        map(({ upToHere, before }) => (before.present ? before.result : upToHere.given === ABSENT ? NOTHING : undefined))
      )
  }
}

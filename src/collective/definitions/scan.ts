import { map } from 'rxjs'
import type { AnyOp } from '../../op/op.js'
import { type Into, reductionOf } from '../algorithms/reduction.js'
import { recursiveDoublingScan } from '../algorithms/scan.recursiveDoubling.js'
import type { Definition, Ranks, StreamOptions } from '../definition.js'

/** @internal */
export function scanOf({ rank, size }: Ranks, op: AnyOp, { into }: StreamOptions & Into): Definition<unknown, unknown> {
  const { check, begin } = reductionOf(op, into)
  return {
    name: 'scan',
    op: op.name,
    ahead: true,
    meetsAll: rank === size - 1,
    check,
    build: (links) => (values) =>
      values.pipe(
        map(begin),
        recursiveDoublingScan(links),
        links.settled(),
        map((partial) => partial.result)
      )
  }
}

import { map } from 'rxjs'
import { type AnyOp, checkOp, SUM } from '../../op/op.js'
import { Accumulator } from '../algorithms/accumulator.js'
import { checkPlace, checkReduced } from '../algorithms/reduction.js'
import { recursiveDoublingScan } from '../algorithms/scan.recursiveDoubling.js'
import type { Definition, PlanOptions, Ranks } from '../definition.js'

/** @internal */
export function scanOf({ rank, size }: Ranks, _options: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  checkOp(op)
  return {
    name: 'scan',
    op: op.name,
    ahead: true,
    meetsAll: rank === size - 1,
    checkOptions: checkPlace,
    check: (data, { into }) => checkReduced(data, op, into),
    build: (links) => (values) =>
      values.pipe(
        map((data) => new Accumulator(data, op, links.options)),
        recursiveDoublingScan(links),
        links.settled(),
        map((partial) => partial.result)
      )
  }
}

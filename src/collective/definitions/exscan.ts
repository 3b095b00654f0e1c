import { map } from 'rxjs'
import { type AnyOp, checkOp, SUM } from '../../op/op.js'
import { Accumulator } from '../algorithms/accumulator.js'
import { Prefix, recursiveDoublingExscan } from '../algorithms/exscan.recursiveDoubling.js'
import { checkPlace, checkReduced } from '../algorithms/reduction.js'
import { NO_OPTIONS } from '../call.js'
import type { PlanOptions, Ranks } from '../definition.js'
import { ABSENT, type Definition, NOTHING } from '../definition.js'

/** @internal */
export function exscanOf(comm: Ranks, _options: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  const isFirst = comm.rank === 0
  checkOp(op)
  return {
    name: 'exscan',
    op: op.name,
    ahead: true,
    meetsAll: comm.rank === comm.size - 1,
    checkOptions: (given) => !isFirst && checkPlace(given),
    check: (data, { into }) => checkReduced(data, op, isFirst ? undefined : into),
    build: (links) => (values) =>
      values.pipe(
        map((data) => new Prefix(new Accumulator(data, op), new Accumulator(ABSENT, op, isFirst ? NO_OPTIONS : links.options))),
        recursiveDoublingExscan(links),
        links.settled(),
        map(({ upToHere, before }) => (before.present ? before.result : upToHere.given === ABSENT ? NOTHING : undefined))
      )
  }
}

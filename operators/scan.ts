import { map } from 'rxjs'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op.js'
import { SUM } from '../src/op.js'
import { type Into, reductionOf } from './algorithms/reduction.js'
import { recursiveDoublingScan } from './algorithms/scan.recursiveDoubling.js'

export function scan<T extends Arithmetic>(comm: Communicator, op?: undefined, options?: StreamOptions): CollectiveOperator<T, Reduced<T>>
export function scan<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T>>
export function scan<T>(comm: Communicator, op: Op<T>, options?: StreamOptions): CollectiveOperator<T, T>
export function scan(comm: Communicator, op: AnyOp = SUM, options: StreamOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, () => scanOf(comm, op, options), options)
}

/** @internal */
export function scanOf(_comm: Collectives, op: AnyOp, { into }: StreamOptions & Into): Collective<unknown, unknown> {
  const { check, begin } = reductionOf(op, into)
  return {
    name: 'scan',
    op: op.name,
    ahead: true,
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

import { map } from 'rxjs'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { ABSENT, type Collective, NOTHING, type StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced, TypedArray } from '../src/op.js'
import { SUM } from '../src/op.js'
import { type Prefix, recursiveDoublingExscan } from './algorithms/exscan.recursiveDoubling.js'
import { Partial } from './algorithms/partial.js'
import { type Into, reductionOf } from './algorithms/reduction.js'

export function exscan<T extends Arithmetic>(
  comm: Communicator,
  op?: undefined,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T> | undefined>
export function exscan<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: StreamOptions
): CollectiveOperator<T, Reduced<T> | undefined>
export function exscan<T>(comm: Communicator, op: Op<T>, options?: StreamOptions): CollectiveOperator<T, T | undefined>
export function exscan(comm: Communicator, op: AnyOp = SUM, options: StreamOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, () => exscanOf(comm, op, options), options)
}

/** @internal */
export function exscanOf(comm: Collectives, op: AnyOp, { into }: StreamOptions & Into): Collective<unknown, unknown> {
  const target = comm.rank === 0 ? undefined : into
  const { check } = reductionOf(op, target)
  const details = { into: target as TypedArray | undefined }
  const begin = (data: unknown): Prefix => ({
    pending: 0,
    upToHere: new Partial(data, op),
    before: new Partial(ABSENT, op, details)
  })
  return {
    name: 'exscan',
    op: op.name,
    ahead: true,
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

import { map } from 'rxjs'
import { checkRoot } from '../src/arguments.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { type Collective, NOTHING, type StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op.js'
import { SUM } from '../src/op.js'
import { binomialReduce } from './algorithms/reduce.binomial.js'
import { type Into, reductionOf } from './algorithms/reduction.js'

export interface ReduceOptions extends StreamOptions {
  /** The rank that gets the result; default 0. */
  root?: number
}

export function reduce<T extends Arithmetic>(comm: Communicator, op?: undefined, options?: ReduceOptions): CollectiveOperator<T, Reduced<T>>
export function reduce<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: ReduceOptions
): CollectiveOperator<T, Reduced<T>>
export function reduce<T>(comm: Communicator, op: Op<T>, options?: ReduceOptions): CollectiveOperator<T, T>
export function reduce(comm: Communicator, op: AnyOp = SUM, options: ReduceOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, () => reduceOf(comm, op, options), options)
}

/** @internal */
export function reduceOf(comm: Collectives, op: AnyOp, { root = 0, into }: ReduceOptions & Into): Collective<unknown, unknown> {
  checkRoot(root, comm.size)
  const atRoot = comm.rank === root
  const { check, begin } = reductionOf(op, atRoot ? into : undefined)
  return {
    name: 'reduce',
    op: op.name,
    root,
    ahead: true,
    check,
    build: (links) => (values) =>
      values.pipe(
        map(begin),
        binomialReduce(links, root, op.commutative),
        links.settled(),
        map((partial) => (atRoot ? partial.result : NOTHING))
      )
  }
}

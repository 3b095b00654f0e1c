import { map } from 'rxjs'
import { checkRoot } from '../src/arguments.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { type Collective, NOTHING, type StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op.js'
import { isTypedArray, SUM } from '../src/op.js'
import { checkAlgorithm, forArrays } from './algorithms/algorithm.js'
import { binomialReduce } from './algorithms/reduce.binomial.js'
import { rabenseifnerReduce } from './algorithms/reduce.rabenseifner.js'
import { type Into, reductionOf } from './algorithms/reduction.js'

export interface ReduceOptions extends StreamOptions {
  /** The rank that gets the result; default 0. */
  root?: number
  /** For experts. By default arrays of 64 KiB and more are reduced by halves and everything else, and all streams, up a tree. */
  algorithm?: keyof typeof algorithms
}

const algorithms = { binomial: binomialReduce, rabenseifner: rabenseifnerReduce }

/** Arrays from here on are worth the latencies more that halving takes. */
const LARGE_BYTES = 2 ** 16

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
export function reduceOf(comm: Collectives, op: AnyOp, options: ReduceOptions & Into): Collective<unknown, unknown> {
  const { root = 0, into, algorithm } = options
  checkRoot(root, comm.size)
  checkAlgorithm(algorithm, algorithms)
  const atRoot = comm.rank === root
  const { check, begin } = reductionOf(op, atRoot ? into : undefined)
  return {
    name: 'reduce',
    op: op.name,
    root,
    algorithm,
    ahead: true,
    serial: algorithm === 'rabenseifner',
    check: algorithm === 'rabenseifner' ? forArrays(algorithm, options, check) : check,
    build: (links, single) => (values) =>
      values.pipe(
        map(begin),
        algorithms[algorithm ?? suited(single)](links, root, op.commutative),
        links.settled(),
        map((partial) => (atRoot ? partial.result : NOTHING))
      )
  }
}

const suited = (single: unknown): keyof typeof algorithms =>
  isTypedArray(single) && single.byteLength >= LARGE_BYTES ? 'rabenseifner' : 'binomial'

import { map } from 'rxjs'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { ArgumentError } from '../src/errors.js'
import type { AnyOp, Arithmetic, Op, Operand, PredefinedOp, Reduced } from '../src/op.js'
import { isTypedArray, SUM } from '../src/op.js'
import { checkAlgorithm, forArrays } from './algorithms/algorithm.js'
import { rabenseifnerAllreduce } from './algorithms/allreduce.rabenseifner.js'
import { recursiveDoublingAllreduce } from './algorithms/allreduce.recursiveDoubling.js'
import { ringAllreduce } from './algorithms/allreduce.ring.js'
import { type Into, reductionOf } from './algorithms/reduction.js'

export interface AllreduceOptions extends StreamOptions {
  /** For experts. By default arrays of 32 KiB and more are reduced by halves and everything else, and all streams, by doubling. */
  algorithm?: keyof typeof algorithms
}

const algorithms = { recursiveDoubling: recursiveDoublingAllreduce, rabenseifner: rabenseifnerAllreduce, ring: ringAllreduce }

/** Arrays from here on are worth the two latencies more that halving takes. */
const LARGE_BYTES = 2 ** 15

export function allreduce<T extends Arithmetic>(
  comm: Communicator,
  op?: undefined,
  options?: AllreduceOptions
): CollectiveOperator<T, Reduced<T>>
export function allreduce<T extends Operand>(
  comm: Communicator,
  op: PredefinedOp<NoInfer<T>>,
  options?: AllreduceOptions
): CollectiveOperator<T, Reduced<T>>
export function allreduce<T>(comm: Communicator, op: Op<T>, options?: AllreduceOptions): CollectiveOperator<T, T>
export function allreduce(comm: Communicator, op: AnyOp = SUM, options: AllreduceOptions = {}): CollectiveOperator<unknown, unknown> {
  return operator(comm, () => allreduceOf(comm, op, options), options)
}

/** @internal */
export function allreduceOf(_comm: Collectives, op: AnyOp, options: AllreduceOptions & Into): Collective<unknown, unknown> {
  const { into, algorithm } = options
  const { check, begin } = reductionOf(op, into)
  checkAlgorithm(algorithm, algorithms)
  const inBlocks = algorithm !== undefined && algorithm !== 'recursiveDoubling'
  if (algorithm === 'ring' && !op.commutative) {
    throw new ArgumentError(`algorithm: 'ring' combines in another order than that of the ranks, and '${op.name}' is not commutative`)
  }
  return {
    name: 'allreduce',
    op: op.name,
    algorithm,
    serial: inBlocks,
    check: inBlocks ? forArrays(algorithm, options, check) : check,
    build: (links, single) => (values) =>
      values.pipe(
        map(begin),
        algorithms[algorithm ?? suited(single)](links),
        links.settled(),
        map((partial) => partial.result)
      )
  }
}

const suited = (single: unknown): keyof typeof algorithms =>
  isTypedArray(single) && single.byteLength >= LARGE_BYTES ? 'rabenseifner' : 'recursiveDoubling'

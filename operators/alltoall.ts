import { checkInto } from '../src/arguments.js'
import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { Reduced, TypedArray } from '../src/op.js'
import { Block } from './algorithms/block.js'
import { exchangeOf } from './algorithms/exchange.js'
import { limitOf } from './algorithms/limit.js'
import { checkHeld, checkParts, checkTarget, cutEqually, isBuffer, lengthOf } from './algorithms/runs.js'

export interface AlltoallOptions extends StreamOptions {
  /** For experts: 'bruck' all in bundles, 'pairwise' all straight. By default large blocks go straight, others in bundles. */
  algorithm?: 'bruck' | 'pairwise'
}

/** What a rank gets back for what it gives: as many values, or one typed array. */
export type Exchanged<D> = D extends TypedArray ? Reduced<D> : D extends readonly (infer T)[] ? T[] : unknown

export function alltoall<D>(comm: Communicator, options: AlltoallOptions = {}): CollectiveOperator<D, Exchanged<D>> {
  return operator(comm, () => alltoallOf<D, Exchanged<D>>(comm, options), options)
}

/** @internal */
export function alltoallOf<D, R>(comm: Collectives, { into, algorithm }: AlltoallOptions & { into?: BufferLike }): Collective<D, R> {
  const { size } = comm
  const limit = limitOf(algorithm, 'bruck', 'pairwise')
  if (into !== undefined) checkInto(into)
  return exchangeOf(comm, {
    name: 'alltoall',
    algorithm,
    limit,
    check(data) {
      checkParts(data, size)
      if (into === undefined) return
      checkHeld(data, into)
      checkTarget(data, lengthOf(data), into)
    },
    cut: (data) =>
      isBuffer(data)
        ? cutEqually(data, size).map((run) => Block.run(datatypeOf(data), run, limit))
        : (data as readonly unknown[]).map((value) => Block.of(value, limit)),
    form: (data) =>
      isBuffer(data) ? { datatype: datatypeOf(data), counts: new Array<number>(size).fill(lengthOf(data) / size), into } : undefined
  })
}

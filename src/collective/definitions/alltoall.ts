import { datatypeOf } from '../../codec/datatype.js'
import type { Reduced, TypedArray } from '../../op/op.js'
import { partsOf } from '../algorithms/block.js'
import { checkHeld, checkParts, checkTarget, isBuffer, lengthOf } from '../algorithms/counts-displs.js'
import { exchangeOf } from '../algorithms/exchange.js'
import { checkPlace } from '../algorithms/reduction.js'
import { limitOf } from '../algorithms/threshold.js'
import { exchangedPosts } from '../board/exchanged.js'
import { exchangedOnStages } from '../board/staged-blocks.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** How blocks are exchanged, and the stream of rounds. */
export interface AlltoallOptions extends StreamOptions {
  /** For experts: 'bruck' all in bundles, 'pairwise' all straight. By default large blocks go straight, others in bundles. */
  algorithm?: 'bruck' | 'pairwise'
}

/** What a rank gets back for what it gives: as many values, or one typed array. */
export type Exchanged<D> = D extends TypedArray ? Reduced<D> : D extends readonly (infer T)[] ? T[] : unknown

/** @internal */
export function alltoallOf<D, R>(comm: Ranks, { algorithm }: PlanOptions): Definition<D, R> {
  const { size } = comm
  const limit = limitOf(algorithm, 'bruck', 'pairwise')
  const definition = exchangeOf<D, R>(comm, {
    name: 'alltoall',
    algorithm,
    limit,
    checkOptions: checkPlace,
    check(data, { into }) {
      checkParts(data, size)
      if (into === undefined) return
      checkHeld(data, into)
      checkTarget(data, lengthOf(data), into)
    },
    cut: (data) => partsOf(data, size, limit),
    form: (data, { into }) =>
      isBuffer(data) ? { datatype: datatypeOf(data), counts: new Array<number>(size).fill(lengthOf(data) / size), into } : undefined
  })
  return algorithm === undefined ? { ...definition, posts: exchangedPosts<D, R>(), stages: exchangedOnStages<D, R>() } : definition
}

import type { Root } from '../../core/communicator-core.js'
import type { Reduced, TypedArray } from '../../op/op.js'
import { partsOf } from '../algorithms/block.js'
import { checkDisjoint, checkHeld, checkParts, checkTarget, isBuffer, lengthOf } from '../algorithms/counts-displs.js'
import { scatteringOf } from '../algorithms/scattering.js'
import { limitOf } from '../algorithms/threshold.js'
import { fromRoot } from '../board/from-root.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** Who gives the data, which way it goes, and the stream of rounds. */
export interface ScatterOptions extends StreamOptions {
  /** The rank that gives the data; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /**
   * For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large blocks go straight, others down the
   * tree; an array in a method's call on one host goes by shared memory.
   */
  algorithm?: 'binomial' | 'linear'
}

/** What a rank gets of what is dealt out: one of the values, or a run of the typed array. */
export type Part<D> = D extends TypedArray ? Reduced<D> : D extends readonly (infer T)[] ? T : unknown

/** @internal */
export function scatterOf<D, R>(comm: Ranks, { root = 0, algorithm }: PlanOptions): Definition<D, R> {
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'binomial', 'linear')
  const definition = scatteringOf<D, R>(comm, {
    name: 'scatter',
    root,
    algorithm,
    check(data, { into }) {
      checkParts(data, size)
      if (into === undefined) return
      if (isBuffer(data)) return checkTarget(data, lengthOf(data) / size, into)
      const own: unknown = data[rank]
      checkHeld(own, into)
      checkTarget(own, lengthOf(own), into)
      for (const value of data) if (isBuffer(value)) checkDisjoint(value, into)
    },
    cut: (data) => partsOf(data, size, limit)
  })
  return algorithm === undefined ? { ...definition, stages: fromRoot<D, R>(comm, { root, blocks: size, title: 'the root' }) } : definition
}

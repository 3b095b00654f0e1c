import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import type { Reduced, TypedArray } from '../src/op.js'
import { Block } from './algorithms/block.js'
import { limitOf } from './algorithms/limit.js'
import { checkDisjoint, checkHeld, checkParts, checkTarget, cutEqually, isBuffer, lengthOf } from './algorithms/runs.js'
import { scatteringOf } from './algorithms/scattering.js'

export interface ScatterOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /** For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large blocks go straight, others down the tree. */
  algorithm?: 'binomial' | 'linear'
}

/** What a rank gets of what is dealt out: one of the values, or a run of the typed array. */
export type Part<D> = D extends TypedArray ? Reduced<D> : D extends readonly (infer T)[] ? T : unknown

export function scatter<D>(comm: Communicator, options: ScatterOptions = {}): CollectiveOperator<D, Part<D>> {
  return operator(comm, () => scatterOf<D, Part<D>>(comm, options), options)
}

/** @internal */
export function scatterOf<D, R>(comm: Collectives, options: ScatterOptions & { into?: BufferLike }): Collective<D, R> {
  const { root = 0, into, algorithm } = options
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'binomial', 'linear')
  return scatteringOf(comm, {
    name: 'scatter',
    root,
    algorithm,
    into,
    check(data) {
      checkParts(data, size)
      if (into === undefined) return
      if (isBuffer(data)) return checkTarget(data, lengthOf(data) / size, into)
      const own: unknown = data[rank]
      checkHeld(own, into)
      checkTarget(own, lengthOf(own), into)
      for (const value of data) if (isBuffer(value)) checkDisjoint(value, into)
    },
    cut: (data) =>
      isBuffer(data)
        ? cutEqually(data, size).map((run) => Block.run(datatypeOf(data), run, limit))
        : (data as readonly unknown[]).map((value) => Block.of(value, limit))
  })
}

import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { Block } from '../src/collective/algorithms/block.js'
import {
  checkDisjoint,
  checkHeld,
  checkParts,
  checkTarget,
  cutEqually,
  isBuffer,
  lengthOf
} from '../src/collective/algorithms/counts-displs.js'
import { scatteringOf } from '../src/collective/algorithms/scattering.js'
import { limitOf } from '../src/collective/algorithms/threshold.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export interface ScatterOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /** For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large blocks go straight, others down the tree. */
  algorithm?: 'binomial' | 'linear'
}

/** What a rank gets of what is dealt out: one of the values, or a run of the typed array. */
export type Part<D> = D extends TypedArray ? Reduced<D> : D extends readonly (infer T)[] ? T : unknown

/**
 * Deals out every value of the root's source: each rank gets its part. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source x--y--|     out a--d--|
 *     rank 1          source (ignored)   out -b--e----|
 *     rank 2          source (ignored)   out -c--f----|
 *
 * Here x is [a, b, c] and y is [d, e, f].
 *
 * Shape: at the root an array of `size` values, T[] → T, or a typed array, which is cut into `size` equal runs, each an array on memory of its own. Algorithm: blocks below 4 KiB
 * go down a binomial tree, ⌈log₂ p⌉ steps, the root sends n (p - 1) bytes, a rank on the way what those below it get; larger ones go straight from the root, each to its place.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.6. Streams: as long as the root's; the root may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; at the root CountError for a length that cannot be dealt out, DatatypeError for what is no array, DataCloneError;
 * CollectiveMismatchError, RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Scatter, MPI_Iscatter; mpi4py: comm.scatter, comm.Scatter.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { EMPTY, of } from 'rxjs'
 *
 * const tasks = comm.rank === 0 ? of(['sow', 'plough'], ['reap', 'mow']) : EMPTY
 * tasks.pipe(mpi.scatter(comm)).subscribe((task) => console.log(task)) // [0] sow [0] reap [1] plough [1] mow
 * ```
 */
export function scatter<D>(comm: Communicator, options: ScatterOptions = {}): CollectiveOperator<D, Part<D>> {
  return operator(comm, () => scatterOf<D, Part<D>>(comm, options), options)
}

/** @internal */
export function scatterOf<D, R>(comm: Collectives, options: ScatterOptions & { into?: BufferLike }): Definition<D, R> {
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

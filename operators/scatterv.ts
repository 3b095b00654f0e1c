import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { Block } from '../src/collective/algorithms/block.js'
import {
  checkBuffer,
  checkCounts,
  checkRuns,
  checkTarget,
  cut,
  type Integers,
  lengthOf
} from '../src/collective/algorithms/counts-displs.js'
import { scatteringOf } from '../src/collective/algorithms/scattering.js'
import { limitOf } from '../src/collective/algorithms/threshold.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export interface ScattervOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /** How many elements each rank gets; read at the root only. */
  counts?: Integers
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'binomial' all down a tree, 'linear' all straight from the root. By default large runs go straight, others down the tree. */
  algorithm?: 'binomial' | 'linear'
}

/**
 * Deals out every typed array of the root's source in runs of any length. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source x--y--|     out a--d--|
 *     rank 1          source (ignored)   out -b--e--|
 *
 * Here x is 1 2 3 and y is 4 5 6; with `counts: [1, 2]` a is 1, d is 4, b is 2 3 and e is 5 6.
 *
 * Shape: a typed array at the root → on each rank an array of the same kind, `counts[rank]` elements from element `displs[rank]` on, on memory of its own. Units: elements. `counts` and
 * `displs` are read at the root only; runs may leave out or repeat elements. Algorithm and cost: as `scatter`. Source: MPI 4.1 §6.6.
 * Errors: RankError, ArgumentError at the call; at the root CountError where counts and displacements do not fit the data, DatatypeError for what is no typed array;
 * CollectiveMismatchError, RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Scatterv, MPI_Iscatterv; mpi4py: comm.Scatterv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { EMPTY, of } from 'rxjs'
 *
 * const rows = comm.rank === 0 ? of(Float32Array.of(1, 2, 3)) : EMPTY
 * rows.pipe(mpi.scatterv(comm, { counts: [1, 2] })).subscribe((run) => console.log(run.join())) // [0] 1 [1] 2,3
 * ```
 */
export function scatterv<D extends TypedArray>(comm: Communicator, options: ScattervOptions): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => scattervOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function scattervOf<D, R>(comm: Collectives, options: ScattervOptions & { into?: BufferLike }): Definition<D, R> {
  const { root = 0, counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'binomial', 'linear')
  if (rank === root) {
    checkCounts(counts, size)
    if (displs !== undefined) checkCounts(displs, size, 'displs')
  }
  return scatteringOf(comm, {
    name: 'scatterv',
    root,
    algorithm,
    into,
    check(data) {
      checkBuffer(data)
      checkRuns(counts!, displs, lengthOf(data), ['counts', 'displs'], 'the data')
      if (into !== undefined) checkTarget(data, counts![rank]!, into)
    },
    cut: (data) => cut(data as BufferLike, counts!, displs).map((run) => Block.run(datatypeOf(data), run, limit))
  })
}

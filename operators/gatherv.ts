import type { BufferLike } from '../src/codec/datatype.js'
import { checkBuffer, type Integers } from '../src/collective/algorithms/counts-displs.js'
import { checkJoined, checkJoint, gatheringOf, jointForm, type Runs } from '../src/collective/algorithms/gathering.js'
import { limitOf } from '../src/collective/algorithms/threshold.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export interface GathervOptions extends StreamOptions {
  /** The rank that gets the runs; default 0. */
  root?: number
  /** How many elements each rank gives; read at the root only. Those that are not given are found out first. */
  counts?: Integers | undefined
  /** Where each rank's run begins, in elements; read at the root only. Default one behind the other. */
  displs?: Integers | undefined
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large runs go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

/**
 * Joins typed arrays of any length at the root, in rank order: round k takes the k-th array of each rank.
 *
 *     rank 0 (root)   source a--d--|   out -x--y--|
 *     rank 1          source b--e--|   out -------|
 *
 * Here a is 1, b is 2 3, so x is 1 2 3; d is 4, e is 5 6, so y is 4 5 6.
 *
 * Shape: typed arrays of one kind → one of that kind at the root, the others only complete. Units: elements. `counts` and `displs` are read at the root only; without `displs` the runs
 * are packed, and gaps between them need `into`, which only the method has. Counts that are not given are found out on the way. Algorithm and cost: as `gather`. Source: MPI 4.1 §6.5.
 * Errors: RankError, ArgumentError, CountError at the call; DatatypeError for what is no typed array; CollectiveMismatchError where the kinds differ or a rank gives another
 * number than `counts` says; RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Gatherv, MPI_Igatherv; mpi4py: comm.Gatherv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(new Int32Array(comm.rank + 1).fill(comm.rank))
 *   .pipe(mpi.gatherv(comm))
 *   .subscribe((all) => console.log(all.join())) // [0] 0,1,1
 * ```
 */
export function gatherv<D extends TypedArray>(comm: Communicator, options: GathervOptions = {}): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => gathervOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function gathervOf<D, R>(comm: Collectives, options: GathervOptions & { into?: BufferLike }): Definition<D, R> {
  const { root = 0, counts, displs, into, algorithm } = options
  const { rank, size } = comm
  const runs: Runs = rank === root ? { counts, displs, into } : {}
  checkJoint(runs, size)
  return gatheringOf(comm, {
    name: 'gatherv',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    check: (data) => (rank === root ? checkJoined(data, runs, rank) : checkBuffer(data)),
    form: (data) => jointForm(data, runs)
  })
}

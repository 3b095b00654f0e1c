import { type BufferLike, datatypeOf } from '../src/codec/datatype.js'
import { Block } from '../src/collective/algorithms/block.js'
import {
  checkBuffer,
  checkCounts,
  checkRuns,
  checkTarget,
  cut,
  endOf,
  type Integers,
  lengthOf,
  packed
} from '../src/collective/algorithms/counts-displs.js'
import { exchangeOf } from '../src/collective/algorithms/exchange.js'
import { checkJoint, jointForm, type Runs } from '../src/collective/algorithms/gathering.js'
import { limitOf } from '../src/collective/algorithms/threshold.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import { CountError } from '../src/errors.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export interface AlltoallvOptions extends StreamOptions {
  /** How many elements each rank gets. */
  sendCounts: Integers
  /** Where the run for each rank begins, in elements. Default one behind the other. */
  sendDispls?: Integers | undefined
  /** How many elements come from each rank. Those that are not given are found out first. */
  recvCounts?: Integers | undefined
  /** Where the run from each rank is to begin, in elements. Default one behind the other. */
  recvDispls?: Integers | undefined
  /** For experts: 'bruck' all in bundles, 'pairwise' all straight. By default large runs go straight, others in bundles. */
  algorithm?: 'bruck' | 'pairwise'
}

/**
 * Gives every rank a run of the typed array that each rank has, of any length: the run for rank j of rank i becomes run i of rank j. Round k takes the k-th array of each rank.
 *
 *     rank 0   source a--|   out -x--|
 *     rank 1   source b--|   out -y--|
 *
 * Here a is 1 2 3, of which rank 0 keeps 1, and b is 4 5 6, of which rank 1 keeps 5 6; so x is 1 4 and y is 2 3 5 6.
 *
 * Shape: typed arrays of one kind → one of that kind. Units: elements. Runs may leave out or repeat elements of what is given; what is received is packed without `recvDispls`, and gaps
 * need `into`, which only the method has. `recvCounts` that are not given are found out on the way. Algorithm and cost: as `alltoall`. Source: MPI 4.1 §6.8.
 * Errors: ArgumentError, CountError at the call; CountError for data that is too short, DatatypeError for what is no typed array; CollectiveMismatchError where the kinds differ
 * or a rank gives another number than `recvCounts` says; RaggedStreamError, RemoteError, RankFailedError, DeadlockError, AbortError.
 * MPI: MPI_Alltoallv, MPI_Ialltoallv; mpi4py: comm.Alltoallv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * const sendCounts = comm.rank === 0 ? [1, 2] : [0, 1]
 * of(Int32Array.of(1, 2, 3).map((k) => 10 * comm.rank + k))
 *   .pipe(mpi.alltoallv(comm, { sendCounts }))
 *   .subscribe((runs) => console.log(runs.join())) // [0] 1 [1] 2,3,11
 * ```
 */
export function alltoallv<D extends TypedArray>(comm: Communicator, options: AlltoallvOptions): CollectiveOperator<D, Reduced<D>> {
  return operator(comm, () => alltoallvOf<D, Reduced<D>>(comm, options), options)
}

/** @internal */
export function alltoallvOf<D, R>(comm: Collectives, options: AlltoallvOptions & { into?: BufferLike }): Definition<D, R> {
  const { sendCounts, sendDispls, recvCounts, recvDispls, into, algorithm } = options
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'bruck', 'pairwise')
  const runs: Runs = { counts: recvCounts, displs: recvDispls, into }
  checkCounts(sendCounts, size, 'sendCounts')
  if (sendDispls !== undefined) checkCounts(sendDispls, size, 'sendDispls')
  checkJoint(runs, size, ['recvCounts', 'recvDispls'])
  if (recvCounts !== undefined && recvCounts[rank] !== sendCounts[rank]) {
    throw new CountError(
      `recvCounts: ${recvCounts[rank]} elements are expected of rank ${rank}, which is this one, but sendCounts gives it ${sendCounts[rank]}`
    )
  }
  return exchangeOf(comm, {
    name: 'alltoallv',
    algorithm,
    limit,
    check(data) {
      checkBuffer(data)
      checkRuns(sendCounts, sendDispls, lengthOf(data), ['sendCounts', 'sendDispls'], 'the data')
      const expected = recvCounts === undefined ? sendCounts[rank]! : endOf(recvCounts, recvDispls ?? packed(recvCounts))
      if (into !== undefined) checkTarget(data, expected, into)
    },
    cut: (data) => cut(data as BufferLike, sendCounts, sendDispls).map((run) => Block.run(datatypeOf(data), run, limit)),
    form: (data) => jointForm(data, runs)
  })
}

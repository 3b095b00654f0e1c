import type { BufferLike } from '../src/codec/datatype.js'
import { checkEqual, equalForm, gatheringOf } from '../src/collective/algorithms/gathering.js'
import { limitOf } from '../src/collective/algorithms/threshold.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { checkSendable } from '../src/collective/given.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkInto } from '../src/diagnostics/arguments.js'

export interface GatherOptions extends StreamOptions {
  /** The rank that gets the values; default 0. */
  root?: number
  /** For experts: 'binomial' all up a tree, 'linear' all straight to the root. By default large blocks go straight, others up the tree. */
  algorithm?: 'binomial' | 'linear'
}

/**
 * Collects the values of all ranks at the root, in rank order: round k takes the k-th value of each.
 *
 *     rank 0 (root)   source a--d--|   out -x--y---|
 *     rank 1          source b--e--|   out --------|
 *     rank 2          source c--f--|   out --------|
 *
 * Here x is [a, b, c] and y is [d, e, f].
 *
 * Shape: T on every rank, also of different kinds and lengths → T[] of `size` values at the root, the others only complete. With `ragged: 'rest'` the place of a rank that has ended holds
 * `undefined`. Algorithm: blocks below 4 KiB go up a binomial tree, ⌈log₂ p⌉ steps, the root receives n (p - 1) bytes, a rank on the way sends what those above it have given;
 * larger ones go straight to the root, all at once. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.5.
 * Streams: a rank may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; DataCloneError for a value that cannot be sent; CollectiveMismatchError, RaggedStreamError, RemoteError, RankFailedError,
 * DeadlockError, AbortError. MPI: MPI_Gather, MPI_Igather; mpi4py: comm.gather, comm.Gather.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of(comm.rank, comm.rank + 10)
 *   .pipe(mpi.gather(comm))
 *   .subscribe((ranks) => console.log(ranks.join())) // [0] 0,1 [0] 10,11
 * ```
 */
export function gather<T>(comm: Communicator, options: GatherOptions = {}): CollectiveOperator<T, T[]> {
  return operator(comm, () => gatherOf<T, T[]>(comm, options), options)
}

/** @internal */
export function gatherOf<T, R>(comm: Collectives, options: GatherOptions & { into?: BufferLike }): Definition<T, R> {
  const { root = 0, algorithm } = options
  const { rank, size } = comm
  const into = rank === root ? options.into : undefined
  if (into !== undefined) checkInto(into)
  return gatheringOf(comm, {
    name: 'gather',
    root,
    algorithm,
    limit: limitOf(algorithm, 'binomial', 'linear'),
    check(data) {
      checkSendable(data)
      if (into !== undefined) checkEqual(data, size, into)
    },
    form: (data) => (into === undefined ? undefined : equalForm(data, size, into))
  })
}

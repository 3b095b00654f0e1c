import { type AlltoallOptions, alltoallOf, type Exchanged } from '../src/collective/definitions/alltoall.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

export type { AlltoallOptions, Exchanged }

/**
 * Gives every rank a part of what each rank has: part j of rank i becomes part i of rank j. Round k takes the k-th value of each rank.
 *
 *     rank 0   source a--d--|   out -x--u--|
 *     rank 1   source b--e--|   out -y--v--|
 *
 * Here a is [1, 2] and b is [3, 4], so x is [1, 3] and y is [2, 4]; d is [5, 6] and e is [7, 8], so u is [5, 7] and v is [6, 8].
 *
 * Shape: an array of `size` values, also of different kinds and lengths → an array of `size` values; or a typed array of `size` equal runs,
 * as long on every rank → one of the same kind. With `ragged: 'rest'` the part of a rank that has ended is `undefined`, or zeros; that rank
 * itself gets values. Algorithm: parts below 4 KiB in bundles, ⌈log₂ p⌉ steps, a rank sends about n ⁄ 2 in each; larger ones straight from
 * rank to rank, p - 1 steps, in which a rank sends n (p - 1) ⁄ p. Source: Bruck et al., IEEE TPDS 8(11), 1997; Thakur, Rabenseifner, Gropp,
 * IJHPCA 19(1), 2005; MPI 4.1 §6.8.
 * Errors: ArgumentError at the call; CountError for a length that cannot be dealt out, DatatypeError for what is no array, DataCloneError;
 * CollectiveMismatchError where typed arrays differ in kind or length; RaggedStreamError, RemoteError, RankFailedError, DeadlockError,
 * AbortError. MPI: MPI_Alltoall, MPI_Ialltoall; mpi4py: comm.alltoall, comm.Alltoall.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of } from 'rxjs'
 *
 * of([`${comm.rank} to 0`, `${comm.rank} to 1`])
 *   .pipe(mpi.alltoall(comm))
 *   .subscribe((parts) => console.log(parts.join(', '))) // [0] 0 to 0, 1 to 0 [1] 0 to 1, 1 to 1
 * ```
 */
export function alltoall<D>(comm: AnyCommunicator, options: AlltoallOptions = {}): CollectiveOperator<D, Exchanged<D>> {
  return operator<D, Exchanged<D>>(comm, alltoallOf, options)
}

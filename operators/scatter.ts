import { type Part, type ScatterOptions, scatterOf } from '../src/collective/definitions/scatter.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'

export type { Part, ScatterOptions }

/**
 * Deals out every value of the root's source: each rank gets its part. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source x--y--|     out a--d--|
 *     rank 1          source (ignored)   out -b--e--|
 *     rank 2          source (ignored)   out -c--f--|
 *
 * Here x is [a, b, c] and y is [d, e, f].
 *
 * Shape: at the root an array of `size` values, T[] → T, or a typed array, which is cut into `size` equal runs, each an array on memory of
 * its own. Algorithm: blocks below 4 KiB go down a binomial tree, ⌈log₂ p⌉ steps, the root sends n (p - 1) bytes, a rank on the way what
 * those below it get; larger ones go straight from the root, each to its place. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005;
 * MPI 4.1 §6.6. Streams: as long as the root's; the root may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; at the root CountError for a length that cannot be dealt out, DatatypeError for what is no
 * array, DataCloneError; CollectiveMismatchError, RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Scatter, MPI_Iscatter;
 * mpi4py: comm.scatter, comm.Scatter.
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
export function scatter<D>(comm: AnyCommunicator, options: ScatterOptions = {}): CollectiveOperator<D, Part<D>> {
  return operator<D, Part<D>>(comm, scatterOf, options)
}

import { type ScattervOptions, scattervOf } from '../src/collective/definitions/scatterv.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import type { Reduced, TypedArray } from '../src/op/op.js'

export type { ScattervOptions }

/**
 * Deals out every typed array of the root's source in runs of any length. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source x--y--|     out a--d--|
 *     rank 1          source (ignored)   out -b--e--|
 *
 * Here x is 1 2 3 and y is 4 5 6; with `counts: [1, 2]` a is 1, d is 4, b is 2 3 and e is 5 6.
 *
 * Shape: a typed array at the root → on each rank an array of the same kind, `counts[rank]` elements from element `displs[rank]` on, on
 * memory of its own. Units: elements. `counts` and `displs` are read at the root only; runs may leave out or repeat elements. Algorithm and
 * cost: as `scatter`. Source: MPI 4.1 §6.6.
 * Errors: RankError, ArgumentError at the call; at the root CountError where counts and displacements do not fit the data, DatatypeError
 * for what is no typed array; CollectiveMismatchError, RemoteError, RankFailedError, DeadlockError, AbortError. MPI: MPI_Scatterv,
 * MPI_Iscatterv; mpi4py: comm.Scatterv.
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
export function scatterv<D extends TypedArray>(comm: AnyCommunicator, options: ScattervOptions): CollectiveOperator<D, Reduced<D>> {
  return operator<D, Reduced<D>>(comm, scattervOf, options)
}

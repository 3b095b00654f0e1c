import { map } from 'rxjs'
import { OBJECT } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { ABSENT, type Collective, NOTHING, type StreamOptions } from '../src/collective/spec.js'
import { through } from '../src/collective/through.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { dissemination } from '../src/topology/dissemination.js'

/**
 * Lets value k of a rank pass once value k has come on all ranks.
 *
 *     rank 0   source a---b--|     out ---a----b|
 *     rank 1   source --a----b|    out --a----b|
 *
 * Shape: T → T, on every rank its own. Nothing of the values is sent. Algorithm: dissemination, ⌈log₂ p⌉ steps, in which every rank sends an empty message.
 * Source: Hensgen, Finkel, Manber, IJPP 17(1), 1988; MPI 4.1 §6.3.
 * Streams: as many values on every rank, or what `ragged` says. Errors: CollectiveMismatchError, RaggedStreamError, RemoteError, RankFailedError,
 * DeadlockError, AbortError. MPI: MPI_Barrier, MPI_Ibarrier; mpi4py: comm.Barrier.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { setTimeout } from 'node:timers/promises'
 * import { concatMap, from } from 'rxjs'
 *
 * // Nobody begins a phase before all have come to it.
 * from(['load', 'compute'])
 *   .pipe(concatMap((phase) => setTimeout(10 * comm.rank, phase)), mpi.barrier(comm))
 *   .subscribe(console.log) // [0] load [0] compute [1] load [1] compute
 * ```
 */
export function barrier<T>(comm: Communicator, options: StreamOptions = {}): CollectiveOperator<T, T> {
  return operator(comm, () => barrierOf<T>(comm), options)
}

/** @internal */
export function barrierOf<T>(comm: Collectives): Collective<T, T> {
  return {
    name: 'barrier',
    build: (links) => (values) => {
      const steps = dissemination(comm.rank, comm.size).map(({ to, from }) =>
        links.step<Round<T>>({ from, send: (round) => links.send(round, to, OBJECT, nothing) })
      )
      return values.pipe(
        map((value) => ({ pending: 0, value })),
        through(steps),
        links.settled(),
        map(({ value }: Round<T>) => (value === ABSENT ? NOTHING : value))
      )
    }
  }
}

interface Round<T> {
  pending: number
  readonly value: T | typeof ABSENT
}

const nothing = new Uint8Array(0)

import type { ObservableInput, ObservedValueOf, OperatorFunction } from 'rxjs'
import { mergeMap } from './mergeMap.js'

/**
 * RxJS's `concatMap` with back-pressure: `mpi.mergeMap` with one inner stream at a time.
 *
 * Shape: T → the values of the inner streams, in order. Errors: those of `project` and of the inner streams.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { setTimeout } from 'node:timers/promises'
 *
 * if (comm.rank === 0) mpi.sendTo(comm, { dest: 1 })(['a', 'b']).subscribe()
 * if (comm.rank === 1) {
 *   const write = async (letter: string) => (await setTimeout(2), `${letter} written`)
 *   mpi.receiveFrom<string>(comm, { source: 0 }).pipe(mpi.concatMap(write)).subscribe(console.log) // [1] a written [1] b written
 * }
 * ```
 */
export const concatMap = <T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O
): OperatorFunction<T, ObservedValueOf<O>> => mergeMap(project, 1)

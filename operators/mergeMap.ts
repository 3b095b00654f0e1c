import { from, Observable, type ObservableInput, type ObservedValueOf, type OperatorFunction, mergeMap as rxMergeMap, tap } from 'rxjs'
import { both, Gate, presentDemand, under } from '../src/stream/internal.js'

/**
 * RxJS's `mergeMap` with back-pressure: as long as `concurrent` inner streams are under way, sources that can wait (`receiveFrom`, `pull`)
 * do, on whatever rank
 * they are. So work that takes time slows the producer instead of filling memory.
 *
 *     taken by rank 0, from 3 ms on       ---a---b-----c-----d
 *     work of 6 ms, one at a time         -----------a-----b-----c-----(d|)
 *
 * Shape: T → the values of the inner streams. Units: `concurrent` in inner streams, default Infinity. Sources that cannot wait are queued,
 * as in RxJS.
 * Errors: those of `project` and of the inner streams.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { setTimeout } from 'node:timers/promises'
 * import { reduce, take } from 'rxjs'
 *
 * const square = async (n: number) => (await setTimeout(1), n * n)
 * if (comm.rank === 0) mpi.sendTo(comm, { dest: 1 })(Array(1000).keys()).subscribe()
 * if (comm.rank === 1) {
 *   mpi.receiveFrom<number>(comm, { source: 0, prefetch: 8 })
 *     .pipe(mpi.mergeMap(square, 4), take(20), reduce((sum, n) => sum + n))
 *     .subscribe(console.log) // [1] 2470
 * }
 * ```
 */
export function mergeMap<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  concurrent = Number.POSITIVE_INFINITY
): OperatorFunction<T, ObservedValueOf<O>> {
  return (source) =>
    new Observable((subscriber) => {
      const outer = presentDemand()
      let active = 0
      const gate = new Gate(() => active < concurrent)
      // Counted before RxJS may queue it: it still counts an inner stream as active when the next is asked for.
      const enter = (): void => {
        active++
      }
      const work = (value: T, index: number): Observable<ObservedValueOf<O>> =>
        new Observable((inner) => {
          inner.add(() => {
            active--
            gate.notify()
          })
          under(outer, () => from(project(value, index) as ObservableInput<ObservedValueOf<O>>).subscribe(inner))
        })
      return under(both(gate, outer), () => source.pipe(tap(enter), rxMergeMap(work, concurrent)).subscribe(subscriber))
    })
}

import type { Observable, ObservableInput } from 'rxjs'
import { pull as pulled } from '../src/stream/internal.js'

/**
 * An Observable of an iterable, async iterable, Web or Node stream that takes the next value only when its reader has room for it: when
 * `sendTo` has credit, when `mpi.mergeMap` or `mpi.concatMap` are free. Operators of RxJS may stand in between. Where nobody says how much
 * may come it is RxJS's `from`. Unsubscribing ends the iterator (`return()`), which closes a file or stream.
 *
 *     taken, from 3 ms on         ---(ab)(cd)e
 *     read there, prefetch: 2     -----(ab)(cd)(e|)
 *
 * Shape: iterable of T → T. Cost: none beside the iterator's. Errors: the iterator's.
 *
 * @example
 * ```ts
 * import { createReadStream } from 'node:fs'
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { count, map } from 'rxjs'
 *
 * // A file of any length in the memory of a few chunks, however slow rank 1 is.
 * if (comm.rank === 0) {
 *   const chunks = mpi.pull(createReadStream(process.execPath, { end: 999_999 }))
 *   chunks.pipe(map((chunk) => chunk.length), mpi.sendTo(comm, { dest: 1 })).subscribe()
 * }
 * if (comm.rank === 1) mpi.receiveFrom(comm, { source: 0 }).pipe(count()).subscribe(console.log) // [1] 16
 * ```
 */
export const pull = <T>(source: ObservableInput<T>): Observable<T> => pulled(source)

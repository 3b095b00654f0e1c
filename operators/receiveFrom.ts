import { EMPTY, Observable } from 'rxjs'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import {
  abortError,
  checked,
  checkInflow,
  checkOptions,
  checkReader,
  INFLOW,
  type InflowOptions,
  type OptionNames,
  onAbort,
  PROC_NULL,
  presentDemand,
  recordCallSite
} from '../src/stream/internal.js'

/** Whose stream comes in, and how far it may be ahead. */
export interface ReceiveFromOptions extends InflowOptions {
  /** The rank that sends; of PROC_NULL comes an empty stream. */
  source: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<ReceiveFromOptions> = { ...INFLOW, source: true, tag: true, signal: true }

/**
 * What a rank's `sendTo` sends here with this tag: its values, its completion, its error. Unsubscribing unsubscribes from the source there.
 *
 *     rank 0   sent        a--b--c--|
 *     rank 1   received    --a--b--c--|
 *
 *     rank 0   sent        a--b--#
 *     rank 1   received    --a--b--#
 *
 * Credit is granted as values are consumed, so the sender is at most `prefetch` values (or `prefetchBytes`) ahead. A value is
 * consumed when the subscriber's `next` has returned. Work that goes on after that must say so, for RxJS does not: `mpi.mergeMap` and
 * `mpi.concatMap` are RxJS's with back-pressure, `mpi.toAsyncIterable` is for `for await`, and `sendTo` passes the back-pressure of the
 * next rank on. Under RxJS's own `concatMap` all values are consumed at once, and wait there.
 *
 * The n-th `receiveFrom` (or `channel`) for a source and tag meets that rank's n-th `sendTo` (or `channel`) for this one, and the k-th
 * subscription to one the k-th of the other: `retry` and `repeat` work where both have them. What is sent before anybody subscribes waits:
 * up to 16 values or 64 KiB here, the rest there.
 *
 * Shape: T, as in a message. Cost: one message a value. Errors: RankError, TagError, ArgumentError at the call; RemoteError (the source's
 * error there), RankFailedError when that rank ends with the stream open, DeadlockError, AbortError.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * if (comm.rank === 0) mpi.sendTo(comm, { dest: 1 })(['to', 'be', 'continued']).subscribe()
 * if (comm.rank === 1) {
 *   mpi.receiveFrom<string>(comm, { source: 0 }).subscribe({
 *     next: (word) => console.log(word), // [1] to [1] be [1] continued
 *     complete: () => console.log('or not') // [1] or not
 *   })
 * }
 * ```
 */
export function receiveFrom<T = unknown>(comm: AnyCommunicator, options: ReceiveFromOptions): Observable<T> {
  const window = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ source: 0 }')
    checkReader(comm.core, options)
    return checkInflow(options)
  })
  const { source, tag = 0, signal } = options
  if (source === PROC_NULL) return EMPTY
  const line = comm.channels.reads(comm.core.memberOf(source), tag, recordCallSite())
  return new Observable((subscriber) => {
    const reader = comm.channels.reader<T>(line)
    subscriber.add(() => reader.cancel())
    const abandon = (error: Error): void => subscriber.error(comm.core.inContext(error, line.site))
    if (signal?.aborted) return abandon(abortError(signal))
    if (signal !== undefined) subscriber.add(onAbort(signal, abandon))
    reader.start(subscriber, window, presentDemand(), line.site)
  })
}

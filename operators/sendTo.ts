import type { Observable, ObservableInput } from 'rxjs'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import {
  checked,
  checkOptions,
  checkOutflow,
  checkWriter,
  type OptionNames,
  OUTFLOW,
  type OutflowOptions,
  OverflowPolicy,
  PROC_NULL,
  pull,
  recordCallSite,
  type StreamStatus,
  writeSource
} from '../src/stream/internal.js'

/** Where the stream goes, and what becomes of values without credit. */
export interface SendToOptions extends OutflowOptions {
  /** The rank that reads; to PROC_NULL nothing is sent. */
  dest: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  /** Counts what is sent, dropped and waits. */
  status?: StreamStatus
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<SendToOptions> = { ...OUTFLOW, dest: true, tag: true, status: true, signal: true }

/**
 * Sends every value of the source to a rank, whose `receiveFrom` emits it, and passes it on. Completion and errors arrive there as such;
 * unsubscription there unsubscribes from the source here, and completes.
 *
 *     source             a--b--c--|
 *     sendTo             a--b--c--|
 *     there              --a--b--c--|
 *
 *     source             a--b--c--d--e--|
 *     there, take(2)     --a--(b|)
 *     subscribed here    ^------!
 *     sendTo             a--b--c|
 *
 * The reader grants credit as it consumes. Sources that can wait do: iterables, async iterables, Web and Node streams given to `pull`, or
 * to this function itself as `sendTo(comm, to)(iterable)`, and streams of other ranks (`receiveFrom`). They are left alone while there is
 * no credit, and nothing of them is buffered here. Other sources cannot wait; `overflow` says what happens to what they emit in the
 * meantime:
 *
 * | overflow | a value without credit |
 * | --- | --- |
 * | `'buffer'` | waits here; one that would be more than `highWaterMark` is an OverflowError on both ranks |
 * | `'error'` | is an OverflowError on both ranks |
 * | `'dropOldest'` | waits; beyond `highWaterMark` the one that has waited longest is dropped |
 * | `'dropNewest'` | waits; beyond `highWaterMark` it is dropped itself |
 * | `'latest'` | takes the place of the one that waits |
 *
 * Shape: T → T; on the other rank T, as in a message. Typed arrays travel as their bytes, and may be changed once they are passed on. Cost:
 * one message a value, and one of credit for every quarter of the window. Unsubscribing here completes the stream there.
 * Errors: RankError, TagError, ArgumentError when the operator is made; DataCloneError, OverflowError, RankFailedError, AbortError; the
 * source's own. All but RankFailedError arrive there as RemoteError. MPI has no such call: it is a loop of MPI_Isend with flow control
 * (request-n of Reactive Streams).
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { interval, map, take } from 'rxjs'
 *
 * if (comm.rank === 0) interval(5).pipe(map((n) => n * n), mpi.sendTo(comm, { dest: 1 })).subscribe() // stopped from the other side
 * if (comm.rank === 1) mpi.receiveFrom<number>(comm, { source: 0 }).pipe(take(3)).subscribe(console.log) // [1] 0 [1] 1 [1] 4
 * ```
 */
export function sendTo<T>(comm: AnyCommunicator, options: SendToOptions): (source: ObservableInput<T>) => Observable<T> {
  const { overflow, highWaterMark } = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ dest: 1 }')
    checkWriter(comm.core, options)
    return checkOutflow(options)
  })
  const { dest, tag = 0, signal, status } = options
  if (dest === PROC_NULL) return (source) => pull(source)
  const line = comm.channels.writes(comm.core.memberOf(dest), tag, recordCallSite())
  const open = () => {
    const writer = comm.channels.writer(line)
    return { writer, valve: new OverflowPolicy(writer, comm.core, overflow, highWaterMark, status) }
  }
  return (source) => writeSource(comm.core, source, open, line.site, signal)
}

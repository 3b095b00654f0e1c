import { catchError, EMPTY, ignoreElements, merge, Observable, type ObservableInput, throwError } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import { RankError, RemoteError } from '../src/errors.js'
import {
  checked,
  checkInflow,
  checkOptions,
  checkOutflow,
  checkWriter,
  INFLOW,
  type InflowOptions,
  type OptionNames,
  OUTFLOW,
  type OutflowOptions,
  PROC_NULL,
  type StreamStatus
} from '../src/stream/internal.js'
import { mergeFrom } from './mergeFrom.js'
import { sendTo } from './sendTo.js'

/** Where the streams go, and how far each may be ahead. */
export interface GatherStreamsOptions extends InflowOptions, OutflowOptions {
  /** The rank that gets all; default 0. */
  root?: number
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Default true: of the ranks whose values wait, each has its turn. Otherwise values come as they arrive. */
  fair?: boolean
  /** Counts what this rank sends, drops and has waiting. */
  status?: StreamStatus
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<GatherStreamsOptions> = { ...INFLOW, ...OUTFLOW, root: true, tag: true, fair: true, status: true, signal: true }

/**
 * The streams of all ranks as one at the root, its own among them: in order for each rank, and by turns. All ranks of the communicator call
 * it; it is `mergeFrom` and as many `sendTo` in one, as `gather` is a receive and as many sends.
 *
 *     rank 0 (root)   source a--b--|     out --a-xb-y--z|
 *     rank 1          source --x--y--z|  out ---------|
 *
 * Nobody waits for the others: ranks may have any number of values, at any time. What comes is of the rank that `project` is told, `(value,
 * rank) => [rank, value]` for one. Each rank's stream has credit of its own, so a source that can wait (`pull`, or an iterable given to
 * this function itself) does as the root falls behind, and a quick rank never keeps a slow one's values longer than it takes to consume one
 * window; others do as `overflow` says.
 *
 * Shape: T of each rank → T at the root, with `project` what it makes of a value and its rank; the others only complete, when their stream
 * is out. At the root it completes when the sources of all have completed. An error on a rank, in its place behind what the rank sent
 * before, is the root's as RemoteError, and ends the others as the root's unsubscription does: it unsubscribes from all sources. Cost: one
 * message a value, also for the root's own. Errors: RankError, TagError, ArgumentError when the operator is made; those of `sendTo` and
 * `receiveFrom`. The streaming sibling of MPI_Gatherv.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * const numbers = [[1, 2], [30, 40]][comm.rank]!
 * const named = mpi.gatherStreams(comm, {}, (n: number, rank) => `${n} of ${rank}`)
 * named(numbers).subscribe((text) => console.log(text)) // [0] 1 of 0 [0] 2 of 0 [0] 30 of 1 [0] 40 of 1
 * ```
 */
export function gatherStreams<T, R = T>(
  comm: Communicator,
  options: GatherStreamsOptions = {},
  project?: (value: T, rank: number) => R
): (source: ObservableInput<T>) => Observable<R> {
  const { root = 0, tag = 0, fair = true, status, signal, ...rest } = options
  const { inflow, outflow } = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ root: 0 }')
    checkWriter(comm.core, { ...options, dest: root }, 'root')
    if (root === PROC_NULL) throw new RankError('root: PROC_NULL is no rank to gather at')
    const { values, bytes } = checkInflow(rest)
    return { inflow: { prefetch: values, prefetchBytes: bytes }, outflow: checkOutflow(rest) }
  })
  const abort = signal === undefined ? {} : { signal }
  const send = sendTo<T>(comm, { dest: root, tag, ...outflow, ...abort, ...(status === undefined ? {} : { status }) })
  if (comm.rank !== root) return (source) => send(source).pipe(ignoreElements())
  const sources = Array.from({ length: comm.size }, (_, rank) => rank)
  const received = mergeFrom<T, R>(comm, { sources, tag, fair, ...inflow, ...abort }, project)
  return (source) =>
    new Observable((subscriber) => {
      // The root's own error has its place behind the root's values, and so comes by the stream; here it is itself again.
      let own: { error: unknown } | undefined
      const sent = send(source).pipe(
        ignoreElements(),
        catchError((error) => {
          own = { error }
          return EMPTY
        })
      )
      const restored = catchError<R, Observable<never>>((error) =>
        throwError(() => (own !== undefined && error instanceof RemoteError && error.rank === root ? own.error : error))
      )
      return merge(received.pipe(restored), sent).subscribe(subscriber)
    })
}

import type { Observable, ObservableInput } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  ArgumentError,
  both,
  checked,
  checkOptions,
  checkWriter,
  exchangeStreams,
  Gate,
  type OptionNames,
  recordCallSite
} from '../src/stream/internal.js'
import { checkEventTime, IDLE, IdleTimer, type Mark, Progress, timeOf, Watermarks } from './eventTime.js'

/** When values happened, and how far the ranks may be apart. */
export interface WatermarkOptions<T> {
  /** When a value happened. */
  time: (value: T) => number
  /** How much earlier than the latest before it a value may be; default 0. */
  lateness?: number
  /** The steps in which a rank tells the others how far it is, in the units of `time`; default 0, each advance. */
  step?: number
  /** Milliseconds without a value after which a rank holds the others' watermarks back no longer; default Infinity. */
  idle?: number
  /** How far a rank's stream may be ahead of the slowest, in the units of `time`; default Infinity. */
  ahead?: number
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError on the other ranks. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<WatermarkOptions<never>> = {
  time: true,
  lateness: true,
  step: true,
  idle: true,
  ahead: true,
  tag: true,
  signal: true
}

/** A value with its time, or how far all ranks are. */
export type Timed<T> =
  | { readonly kind: 'value'; readonly value: T; readonly time: number; readonly late: boolean }
  | { readonly kind: 'watermark'; readonly time: number }

/**
 * Knows how far the streams of all ranks are in the time of their events: passes each rank's own values on with their times, and between
 * them says on every rank up to which time all have come. All ranks call it. Here letters are values, with rank 0's a, b and c at 1, 4 and
 * 9 and rank 1's x and y at 2 and 6; digits are watermarks, e is the one at the end:
 *
 *     rank 0   source a-b-----c-|     out a-b2---4(c6)-(e|)
 *     rank 1   source -x---y-----|    out -x1-2(y4)-69(e|)
 *
 * A rank's own watermark is the latest time that it has seen, less `lateness`: it expects nothing earlier. The watermark that is emitted is
 * the least of all ranks', so whatever waits for it (a window, a sort, a join) is complete on all ranks, though their streams advance at
 * different speeds. It never goes back, and is Infinity when all sources have completed. A value that is earlier than the watermark that
 * its rank has told, or been told, is `late`; it is for the program to leave it out.
 *
 * A rank without values holds the watermark back until its source completes, or with `idle` for so many milliseconds only: then it counts
 * again from its next value on, which may be late by then. A rank that is more than `ahead` ahead of the watermark is held up, if its
 * source can wait; so what waits for a watermark is bounded.
 *
 * Shape: T → Timed of T, on each rank its own values. Completes on all ranks when all sources have completed; unsubscribing counts as the
 * source's end. Cost: each advance by `step` is a message to every other rank, and those that come quicker than they are taken are left
 * out. Errors: TagError, ArgumentError at the call; an error of one rank is everybody's, as RemoteError.
 * Source: Akidau et al., The Dataflow Model, VLDB 8(12), 2015; Begoli et al., Watermarks in Stream Processing Systems, VLDB 14(12), 2021.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * // In order of their times, though they come out of order.
 * const readings = [[{ at: 3, m: 1 }, { at: 1, m: 2 }], [{ at: 20, m: 5 }]][comm.rank]!
 * let waiting: typeof readings = []
 * mpi.watermark(comm, { time: ({ at }: { at: number; m: number }) => at, lateness: 5 })(readings).subscribe((event) => {
 *   if (event.kind === 'value') return waiting.push(event.value)
 *   const over = waiting.filter(({ at }) => at < event.time).sort((a, b) => a.at - b.at)
 *   for (const { at, m } of over) console.log(at, m) // [0] 1 2 [0] 3 1 [1] 20 5
 *   waiting = waiting.filter(({ at }) => at >= event.time)
 * })
 * ```
 */
export function watermark<T>(comm: Communicator, options: WatermarkOptions<T>): (source: ObservableInput<T>) => Observable<Timed<T>> {
  const settings = checked(comm.core, () => settingsOf(comm, options))
  const { time, lateness, step, idle, ahead, tag, signal } = settings
  const others = Array.from({ length: comm.size }, (_, rank) => rank).filter((rank) => rank !== comm.rank)
  const exchange = { dests: others, sources: others, tag, outflow: LATEST, prefetch: PREFETCH, signal }
  return exchangeStreams<T, Mark, Timed<T>>(comm.channels, exchange, recordCallSite(), ({ subscriber, outer, send }) => {
    const marks = new Watermarks(comm.size)
    const progress = new Progress(lateness, step === 0 ? (at) => at : (at) => Math.floor(at / step) * step)
    const gate = new Gate(() => progress.mark - ahead <= marks.least)
    const demand = both(gate, outer)
    const tell = (mark: Mark): void => {
      for (const k of others.keys()) send(k, mark)
    }
    const hear = (rank: number, mark: Mark): void => {
      if (!marks.hear(rank, mark)) return
      subscriber.next({ kind: 'watermark', time: marks.least })
      if (marks.least === Number.POSITIVE_INFINITY) subscriber.complete()
      gate.notify()
    }
    const resting = new IdleTimer(
      idle,
      () => demand.open,
      () => {
        tell(IDLE)
        hear(comm.rank, IDLE)
      }
    )
    subscriber.add(resting.watch)
    return {
      demand,
      next(value) {
        const at = timeOf(value, time)
        const late = at < Math.max(progress.mark, marks.least)
        const wasIdle = resting.idle
        resting.seen()
        const advanced = progress.see(at) || wasIdle
        if (advanced) tell(progress.mark)
        subscriber.next({ kind: 'value', value, time: at, late })
        if (advanced) hear(comm.rank, progress.mark)
      },
      complete() {
        resting.watch.unsubscribe()
        hear(comm.rank, Number.POSITIVE_INFINITY)
      },
      receive: (k, mark) => hear(others[k]!, mark),
      received: (k) => hear(others[k]!, Number.POSITIVE_INFINITY)
    }
  })
}

/** Of what cannot go yet, only the last is of interest. */
const LATEST = { overflow: 'latest', highWaterMark: 1 } as const
/** Marks that may be on their way from one rank. */
const PREFETCH = { values: 64, bytes: 2 ** 12 }

function settingsOf<T>(
  comm: Communicator,
  options: WatermarkOptions<T>
): Required<Omit<WatermarkOptions<T>, 'signal'>> & Pick<WatermarkOptions<T>, 'signal'> {
  checkOptions(options, OPTIONS, '{ time: ({ at }) => at }')
  const { time, lateness = 0, step = 0, idle = Number.POSITIVE_INFINITY, ahead = Number.POSITIVE_INFINITY, tag = 0, signal } = options
  checkWriter(comm.core, { ...options, dest: 0, tag })
  checkEventTime({ time, lateness, idle })
  if (!(step >= 0 && Number.isFinite(step))) throw new ArgumentError(`step: expected a number from 0 on, got ${String(step)}`)
  if (!(ahead >= 0)) throw new ArgumentError(`ahead: expected a number from 0 on, got ${String(ahead)}`)
  return { time, lateness, step, idle, ahead, tag, ...(signal === undefined ? {} : { signal }) } as never
}

import type { Observable, ObservableInput, Subscriber } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  ArgumentError,
  checked,
  checkOptions,
  checkWriter,
  exchangeStreams,
  Gate,
  type OptionNames,
  recordCallSite
} from '../src/stream/internal.js'
import { checkEventTime, IDLE, IdleTimer, type Mark, Progress, timeOf, Watermarks } from './eventTime.js'

/** How time is cut into windows, what is reduced, and how far the ranks may be apart. */
export interface WindowByTimeOptions<T, R> {
  /** How long a window is, in the units of `time`. */
  size: number
  /** From one window's start to the next's; default `size`. Less makes them overlap, and a value belongs to several. */
  slide?: number
  /** How much earlier than the latest before it a value may be; default 0. */
  lateness?: number
  /** When a value happened. */
  time: (value: T) => number
  /** What of a value is reduced; default the value itself. */
  value?: (value: T) => R
  /** Combines two, the earlier first: an op, or a function. */
  op: { combine(a: R, b: R): R } | ((a: R, b: R) => R)
  /** The rank that gets the windows; default 0. */
  root?: number
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Windows that a rank's stream may be ahead of the slowest; default 64. */
  ahead?: number
  /** Milliseconds without a value after which a rank holds the windows back no longer; default Infinity. */
  idle?: number
  /** Counts the values that came too late. */
  status?: WindowStatus
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError on the other ranks. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<WindowByTimeOptions<never, never>> = {
  size: true,
  slide: true,
  lateness: true,
  time: true,
  value: true,
  op: true,
  root: true,
  tag: true,
  ahead: true,
  idle: true,
  status: true,
  signal: true
}

/** A window that is over, with what the values of all ranks in it came to. */
export interface TimeWindow<R> {
  /** The first moment that belongs to it, in the units of `time`. */
  readonly start: number
  /** The first moment that belongs to it no more. */
  readonly end: number
  /** How many values of all ranks fell into it. */
  readonly count: number
  /** The values, combined by `op`. */
  readonly value: R
}

/** What of a rank's values came to no window. */
export class WindowStatus {
  /** Values whose windows were closed before they came. */
  late = 0
}

/**
 * Windows in the time of the events and not of their arrival: reduces the values of all ranks that fell into each, at the root, in order.
 * All ranks call it.
 *
 *     rank 0   source   a-b-------f|    at 1, 3, 12
 *     rank 1   source   ----c-d-e|      at 2, 8, 11
 *     windows of 10     -----------x(y|)
 *
 * A rank's *watermark* is the latest time that it has seen, less `lateness`: it expects nothing earlier. A window is complete when the
 * watermarks of all ranks have passed its end, so ranks may be at quite different times. A rank that is ahead by more than `ahead` windows
 * is held up, if its source can wait, and is buffered if it cannot; what is kept at the root is bounded by that. A rank without values
 * holds the windows back until its source completes, or with `idle` for so many milliseconds only. A value that is earlier than its rank's
 * watermark, and all of whose windows are closed, is left out and counted in `status.late`; one that comes after `idle` for a window that
 * is out already is counted at the root. `mpi.watermark` tells every rank how far all are, for what is no window.
 *
 * Shape: T on every rank → windows of R at the root, where there were values; the other ranks only complete. Reduced in the order of each
 * rank's values, then of the ranks: the same bits whatever the speeds (with `idle` the timing decides where a rank's values are divided).
 * Windows start at multiples of `slide`. Cost: a message for each window of each rank. Errors: RankError, TagError, ArgumentError at the
 * call; an error of one rank is everybody's, as RemoteError.
 * Source: Akidau et al., The Dataflow Model, VLDB 8(12), 2015.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * const readings = [[{ at: 1, rain: 3 }, { at: 12, rain: 1 }], [{ at: 2, rain: 4 }, { at: 25, rain: 2 }]][comm.rank]!
 * mpi.windowByTime(comm, { size: 10, time: ({ at }) => at, value: ({ rain }) => rain, op: SUM })(readings)
 *   .subscribe(({ start, value }) => console.log(start, value)) // [0] 0 7 [0] 10 1 [0] 20 2
 * ```
 */
export function windowByTime<T, R = T>(
  comm: Communicator,
  options: WindowByTimeOptions<T, R>
): (source: ObservableInput<T>) => Observable<TimeWindow<R>> {
  const settings = checked(comm.core, () => settingsOf(comm, options))
  const { root, tag, ahead, idle, signal } = settings
  const sources = comm.rank === root ? Array.from({ length: comm.size }, (_, rank) => rank) : []
  const prefetch = { values: Math.max(1, Math.ceil(ahead / 4)), bytes: 2 ** 20 }
  const exchange = { dests: [root], sources, tag, outflow: BUFFERED, prefetch, signal }
  return exchangeStreams<T, Report<R>, TimeWindow<R>>(comm.channels, exchange, recordCallSite(), ({ subscriber, room, send, attempt }) => {
    const local = new LocalWindows<T, R>(settings, (report) => send(0, report))
    const merging = new Merging<R>(sources.length, settings, subscriber)
    const resting = new IdleTimer(
      idle,
      () => room.open,
      () => attempt(() => local.rest())
    )
    subscriber.add(resting.watch)
    return {
      reads: merging.gates,
      next(value) {
        if (resting.idle) local.wake()
        resting.seen()
        local.add(value)
      },
      complete() {
        resting.watch.unsubscribe()
        local.end()
      },
      receive: (rank, report) => merging.hear(rank, report),
      received: (rank) => merging.hear(rank, [Number.POSITIVE_INFINITY]),
      left: () => subscriber.complete(),
      sent() {
        if (comm.rank !== root) subscriber.complete()
      }
    }
  })
}

const BUFFERED = { overflow: 'buffer', highWaterMark: 1_000_000 } as const

interface Settings<T, R> {
  readonly size: number
  readonly slide: number
  readonly lateness: number
  readonly root: number
  readonly tag: number
  readonly ahead: number
  readonly idle: number
  readonly time: (value: T) => number
  readonly value: (value: T) => R
  readonly combine: (a: R, b: R) => R
  readonly status: WindowStatus | undefined
  readonly signal: AbortSignal | undefined
}

/** What a rank tells the root: its watermark, and the windows that it has closed with that. */
type Report<R> = [mark: Mark, ...closed: [start: number, count: number, value: R][]]

function settingsOf<T, R>(comm: Communicator, options: WindowByTimeOptions<T, R>): Settings<T, R> {
  checkOptions(options, OPTIONS, '{ size: 10, time: ({ at }) => at, op: SUM }')
  const {
    size,
    slide = size,
    lateness = 0,
    time,
    value = (given: T) => given as unknown as R,
    op,
    root = 0,
    tag = 0,
    ahead = 64,
    idle = Number.POSITIVE_INFINITY
  } = options
  checkWriter(comm.core, { ...options, dest: root, status: undefined as never, tag }, 'root')
  for (const [name, amount] of Object.entries({ size, slide, ahead })) {
    if (!(Number.isFinite(amount) && amount > 0)) throw new ArgumentError(`${name}: expected a number above 0, got ${String(amount)}`)
  }
  checkEventTime({ time, lateness, idle })
  const combine = typeof op === 'function' ? op : op?.combine?.bind(op)
  if (typeof combine !== 'function') throw new ArgumentError('op: expected an op such as SUM, or a function of two values')
  const { status, signal } = options
  return { size, slide, lateness, root, tag, ahead, idle, time, value, combine, status, signal }
}

/** The windows of one rank that it may still add to. */
class LocalWindows<T, R> {
  readonly #settings: Settings<T, R>
  readonly #report: (report: Report<R>) => void
  readonly #progress: Progress
  readonly #open = new Map<number, { count: number; value: R }>()

  constructor(settings: Settings<T, R>, report: (report: Report<R>) => void) {
    const { size, slide, lateness } = settings
    this.#settings = settings
    this.#report = report
    // Windows end at multiples of slide plus size: the root need not know of steps between.
    this.#progress = new Progress(lateness, (at) => Math.floor((at - size) / slide) * slide + size)
  }

  add(given: T): void {
    const { time, size, slide, value, combine, status } = this.#settings
    const at = timeOf(given, time)
    let placed = false
    let reduced: { value: R } | undefined
    for (let k = Math.floor(at / slide); k * slide > at - size; k--) {
      const start = k * slide
      if (start + size <= this.#progress.mark) break
      placed = true
      reduced ??= { value: value(given) }
      const window = this.#open.get(start)
      if (window === undefined) this.#open.set(start, { count: 1, value: reduced.value })
      else {
        window.count++
        window.value = combine(window.value, reduced.value)
      }
    }
    if (!placed && slide <= size && status !== undefined) status.late++
    if (this.#progress.see(at)) this.#close(this.#progress.mark)
  }

  end(): void {
    this.#close(Number.POSITIVE_INFINITY)
  }

  /** Others go on without this rank: what it has so far is theirs. */
  rest(): void {
    this.#close(Number.POSITIVE_INFINITY, IDLE)
  }

  /** It counts again. */
  wake(): void {
    this.#report([this.#progress.mark])
  }

  #close(until: number, mark: Mark = until): void {
    const { size } = this.#settings
    const closed = [...this.#open.keys()].filter((start) => start + size <= until).sort((a, b) => a - b)
    const windows = closed.map((start): [number, number, R] => {
      const { count, value } = this.#open.get(start)!
      this.#open.delete(start)
      return [start, count, value]
    })
    this.#report([mark, ...windows])
  }
}

/** Puts the ranks' windows together, at the root. */
class Merging<R> {
  readonly gates: readonly Gate[]
  readonly #settings: Settings<never, R>
  readonly #subscriber: Subscriber<TimeWindow<R>>
  readonly #marks: Watermarks
  /** By start: of each rank what it had. */
  readonly #parts = new Map<number, ({ count: number; value: R } | undefined)[]>()

  constructor(size: number, settings: Settings<never, R>, subscriber: Subscriber<TimeWindow<R>>) {
    this.#settings = settings
    this.#subscriber = subscriber
    this.#marks = new Watermarks(size)
    this.gates = Array.from({ length: size }, (_, rank) => new Gate(() => !this.#isAhead(rank)))
  }

  hear(rank: number, [mark, ...closed]: Report<R>): void {
    try {
      for (const [start, count, value] of closed) this.#add(rank, start, count, value)
      if (!this.#marks.hear(rank, mark)) return
      this.#emit(this.#marks.least)
    } catch (error) {
      this.#subscriber.error(error)
    }
    if (this.#marks.least === Number.POSITIVE_INFINITY) this.#subscriber.complete()
    for (const gate of this.gates) gate.notify()
  }

  #add(rank: number, start: number, count: number, value: R): void {
    const { size, status, combine } = this.#settings
    if (start + size <= this.#marks.least) {
      // It was idle, and the others have gone on.
      if (status !== undefined) status.late += count
      return
    }
    let parts = this.#parts.get(start)
    if (parts === undefined) {
      parts = []
      this.#parts.set(start, parts)
    }
    const before = parts[rank]
    parts[rank] = before === undefined ? { count, value } : { count: before.count + count, value: combine(before.value, value) }
  }

  #isAhead(rank: number): boolean {
    const { ahead, slide } = this.#settings
    const { least } = this.#marks
    const mark = this.#marks.of(rank)
    if (mark === IDLE) return false
    return Number.isFinite(least) ? mark > least + ahead * slide : mark > least && this.#parts.size > ahead
  }

  #emit(mark: number): void {
    const { size, combine } = this.#settings
    const complete = [...this.#parts.keys()].filter((start) => start + size <= mark).sort((a, b) => a - b)
    for (const start of complete) {
      const parts = this.#parts.get(start)!.filter((part) => part !== undefined)
      this.#parts.delete(start)
      const value = parts.map((part) => part.value).reduce((a, b) => combine(a, b))
      const count = parts.reduce((sum, part) => sum + part.count, 0)
      this.#subscriber.next({ start, end: start + size, count, value })
    }
  }
}

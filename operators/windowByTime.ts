import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import { ArgumentError, abortError, checked, checkWriter, Gate, onAbort, pull, recordCallSite, under, Valve } from '../src/channel.js'
import type { Communicator } from '../src/communicator.js'

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
  root?: number
  tag?: number
  /** Windows that a rank's stream may be ahead of the slowest; default 64. */
  ahead?: number
  /** Counts the values that came too late. */
  status?: WindowStatus
  signal?: AbortSignal
}

export interface TimeWindow<R> {
  readonly start: number
  readonly end: number
  /** How many values of all ranks fell into it. */
  readonly count: number
  readonly value: R
}

/** What of a rank's values came to no window. */
export class WindowStatus {
  /** Values whose windows were closed before they came. */
  late = 0
}

/**
 * Windows in the time of the events and not of their arrival: reduces the values of all ranks that fell into each, at the root, in order. All ranks call it.
 *
 *     rank 0   source   a-b-------f|    at 1, 3, 12
 *     rank 1   source   ----c-d-e|      at 2, 8, 11
 *     windows of 10     -----------x(y|)
 *
 * A rank's *watermark* is the latest time that it has seen, less `lateness`: it expects nothing earlier. A window is complete when the watermarks of all ranks have passed its
 * end, so ranks may be at quite different times. A rank that is ahead by more than `ahead` windows is held up, if its source can wait, and is buffered if it cannot; what is
 * kept at the root is bounded by that. A rank without values holds the windows back until its source completes. A value that is earlier than its rank's watermark, and all of whose windows are closed, is left out and
 * counted in `status.late`.
 *
 * Shape: T on every rank → windows of R at the root, where there were values; the other ranks only complete. Reduced in the order of each rank's values, then of the ranks: the same bits
 * whatever the speeds. Windows start at multiples of `slide`. Cost: a message for each window of each rank. Errors: RankError, TagError, ArgumentError at the call; an error of one rank is everybody's, as RemoteError.
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
  const settings = checked(comm, () => checkOptions(comm, options))
  const { root, tag, ahead, signal } = settings
  const site = recordCallSite()
  const out = comm.channels.writes(comm.memberOf(root), tag, site)
  const ins = comm.rank === root ? Array.from({ length: comm.size }, (_, rank) => comm.channels.reads(comm.memberOf(rank), tag, site)) : []
  return (source) =>
    new Observable((subscriber) => {
      const writer = comm.channels.writer(out)
      const valve = new Valve(writer, comm, 'buffer', 1_000_000, undefined)
      let failing = false
      const fail = (error: unknown): void => {
        const told = comm.inContext(error, site)
        failing = true
        writer.error(told)
        subscriber.error(told)
      }
      const local = new LocalWindows<T, R>(settings, (report) => valve.next(report))
      const inner = new Subscriber<T>({
        next(value: T) {
          try {
            local.add(value)
          } catch (error) {
            fail(error)
          }
        },
        error: fail,
        complete() {
          try {
            local.end()
            writer.complete()
          } catch (error) {
            fail(error)
          }
        }
      })
      subscriber.add(inner)
      subscriber.add(() => writer.complete())
      writer.start(
        {
          cancelled: () => subscriber.complete(),
          failed: fail,
          finished: () => {
            if (comm.rank !== root && !failing) subscriber.complete()
          }
        },
        site
      )
      if (signal?.aborted) return fail(abortError(signal))
      if (signal !== undefined) subscriber.add(onAbort(signal, fail))
      if (comm.rank === root) {
        const merging = new Merging<R>(comm.size, settings, subscriber)
        const readers = ins.map((line) => comm.channels.reader<Report<R>>(line))
        for (const reader of readers) subscriber.add(() => reader.cancel())
        for (const [rank, reader] of readers.entries()) {
          const events = {
            next: (report: Report<R>) => merging.hear(rank, report),
            error: fail,
            complete: () => merging.hear(rank, [Number.POSITIVE_INFINITY])
          }
          reader.start(events, { values: Math.max(1, Math.ceil(ahead / 4)), bytes: 2 ** 20 }, merging.gates[rank], site)
        }
      }
      if (!subscriber.closed) under(writer.gate, () => pull(source).subscribe(inner))
    })
}

interface Settings<T, R> {
  readonly size: number
  readonly slide: number
  readonly lateness: number
  readonly root: number
  readonly tag: number
  readonly ahead: number
  readonly time: (value: T) => number
  readonly value: (value: T) => R
  readonly combine: (a: R, b: R) => R
  readonly status: WindowStatus | undefined
  readonly signal: AbortSignal | undefined
}

/** What a rank tells the root: its watermark, and the windows that it has closed with that. */
type Report<R> = [mark: number, ...closed: [start: number, count: number, value: R][]]

function checkOptions<T, R>(comm: Communicator, options: WindowByTimeOptions<T, R>): Settings<T, R> {
  const {
    size,
    slide = size,
    lateness = 0,
    time,
    value = (given: T) => given as unknown as R,
    op,
    root = 0,
    tag = 0,
    ahead = 64
  } = options ?? {}
  checkWriter(comm, { ...options, dest: root, status: undefined as never, tag }, 'root')
  for (const [name, amount] of Object.entries({ size, slide, ahead })) {
    if (!(Number.isFinite(amount) && amount > 0)) throw new ArgumentError(`${name}: expected a number above 0, got ${String(amount)}`)
  }
  if (!(lateness >= 0)) throw new ArgumentError(`lateness: expected a number from 0 on, got ${String(lateness)}`)
  if (typeof time !== 'function') throw new ArgumentError('time: expected a function that says when a value happened')
  const combine = typeof op === 'function' ? op : op?.combine?.bind(op)
  if (typeof combine !== 'function') throw new ArgumentError('op: expected an op such as SUM, or a function of two values')
  const { status, signal } = options
  return { size, slide, lateness, root, tag, ahead, time, value, combine, status, signal }
}

/** The windows of one rank that it may still add to. */
class LocalWindows<T, R> {
  readonly #settings: Settings<T, R>
  readonly #report: (report: Report<R>) => void
  readonly #open = new Map<number, { count: number; value: R }>()
  #latest = Number.NEGATIVE_INFINITY
  /** How far the root knows. */
  #reported = Number.NEGATIVE_INFINITY

  constructor(settings: Settings<T, R>, report: (report: Report<R>) => void) {
    this.#settings = settings
    this.#report = report
  }

  add(given: T): void {
    const { time, size, slide, lateness, value, combine, status } = this.#settings
    const at = time(given)
    if (!Number.isFinite(at)) throw new ArgumentError(`time: ${String(at)} is no time; expected a finite number`)
    let placed = false
    let reduced: { value: R } | undefined
    for (let k = Math.floor(at / slide); k * slide > at - size; k--) {
      const start = k * slide
      if (start + size <= this.#reported) break
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
    if (at <= this.#latest) return
    this.#latest = at
    // Windows end at multiples of slide plus size: the root need not know of steps between.
    const mark = Math.floor((at - lateness - size) / slide) * slide + size
    if (mark > this.#reported) this.#close(mark)
  }

  end(): void {
    this.#close(Number.POSITIVE_INFINITY)
  }

  #close(mark: number): void {
    const { size } = this.#settings
    this.#reported = mark
    const closed = [...this.#open.keys()].filter((start) => start + size <= mark).sort((a, b) => a - b)
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
  readonly #marks: number[]
  /** By start: of each rank what it had. */
  readonly #parts = new Map<number, ({ count: number; value: R } | undefined)[]>()

  constructor(size: number, settings: Settings<never, R>, subscriber: Subscriber<TimeWindow<R>>) {
    this.#settings = settings
    this.#subscriber = subscriber
    this.#marks = new Array(size).fill(Number.NEGATIVE_INFINITY)
    this.gates = this.#marks.map((_, rank) => new Gate(() => !this.#isAhead(rank)))
  }

  hear(rank: number, [mark, ...closed]: Report<R>): void {
    const before = Math.min(...this.#marks)
    for (const [start, count, value] of closed) {
      let parts = this.#parts.get(start)
      if (parts === undefined) {
        parts = []
        this.#parts.set(start, parts)
      }
      parts[rank] = { count, value }
    }
    this.#marks[rank] = mark
    const slowest = Math.min(...this.#marks)
    if (slowest <= before) return
    try {
      this.#emit(slowest)
    } catch (error) {
      this.#subscriber.error(error)
    }
    if (slowest === Number.POSITIVE_INFINITY) this.#subscriber.complete()
    for (const gate of this.gates) gate.notify()
  }

  #isAhead(rank: number): boolean {
    const slowest = Math.min(...this.#marks)
    const { ahead, slide } = this.#settings
    const mark = this.#marks[rank]!
    return Number.isFinite(slowest) ? mark > slowest + ahead * slide : mark > slowest && this.#parts.size > ahead
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

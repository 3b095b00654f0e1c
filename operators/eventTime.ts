import { asyncScheduler, type SchedulerAction, Subscription } from 'rxjs'
import { ArgumentError } from '../src/stream/internal.js'

/**
 * How far a rank's stream is in the time of its events: its watermark is the latest that it has seen, less `lateness`, rounded down to what
 * is worth telling.
 */
export class Progress {
  /** The watermark, as it was told. */
  mark = Number.NEGATIVE_INFINITY
  readonly #lateness: number
  readonly #roundDown: (time: number) => number
  #latest = Number.NEGATIVE_INFINITY

  constructor(lateness: number, roundDown: (time: number) => number) {
    this.#lateness = lateness
    this.#roundDown = roundDown
  }

  /** Whether the watermark has advanced. */
  see(time: number): boolean {
    if (time <= this.#latest) return false
    this.#latest = time
    const mark = this.#roundDown(time - this.#lateness)
    if (mark <= this.mark) return false
    this.mark = mark
    return true
  }
}

/** A rank without values for a while holds nothing back until it has some again. */
export const IDLE = null

/** A watermark, +∞ at the end of the stream, or that there is none for the time being. */
export type Mark = number | typeof IDLE

/** The watermarks of all ranks, and the least of them, which never goes back. */
export class Watermarks {
  least = Number.NEGATIVE_INFINITY
  readonly #marks: Mark[]

  constructor(size: number) {
    this.#marks = new Array(size).fill(this.least)
  }

  of(rank: number): Mark {
    return this.#marks[rank]!
  }

  /** Whether the least has advanced. */
  hear(rank: number, mark: Mark): boolean {
    this.#marks[rank] = mark
    const idle = this.#marks.includes(IDLE)
    const least = this.#marks.reduce<number>((least, one) => (one === IDLE ? least : Math.min(least, one)), Number.POSITIVE_INFINITY)
    // Idle ranks have not ended: there is more to come.
    if (least <= this.least || (idle && least === Number.POSITIVE_INFINITY)) return false
    this.least = least
    return true
  }
}

/** Calls back when there were no values for `ms`, though there might have been; `seen` is told of each. */
export class IdleTimer {
  readonly #ms: number
  #last = asyncScheduler.now()
  #idle = false

  constructor(ms: number) {
    this.#ms = ms
  }

  get idle(): boolean {
    return this.#idle
  }

  seen(): void {
    if (this.#ms === Number.POSITIVE_INFINITY) return
    this.#last = asyncScheduler.now()
    this.#idle = false
  }

  /** `mayEmit` is whether the source is free to. */
  start(mayEmit: () => boolean, fall: () => void): Subscription {
    const ms = this.#ms
    if (ms === Number.POSITIVE_INFINITY) return Subscription.EMPTY
    const timer = this
    return asyncScheduler.schedule(function (this: SchedulerAction<unknown>) {
      if (!mayEmit()) timer.#last = asyncScheduler.now()
      const left = timer.#last + ms - asyncScheduler.now()
      if (left <= 0 && !timer.#idle) {
        timer.#idle = true
        fall()
      }
      if (!this.closed) this.schedule(undefined, left > 0 ? left : ms)
    }, ms)
  }
}

/** What all options about the time of events have to be. */
export function checkEventTime({
  time,
  lateness = 0,
  idle = Number.POSITIVE_INFINITY
}: {
  time: unknown
  lateness?: number
  idle?: number
}): void {
  if (typeof time !== 'function') throw new ArgumentError('time: expected a function that says when a value happened')
  if (!(lateness >= 0)) throw new ArgumentError(`lateness: expected a number from 0 on, got ${String(lateness)}`)
  if (!(idle > 0)) throw new ArgumentError(`idle: expected milliseconds, more than 0, got ${String(idle)}`)
}

/** When a value happened. */
export function timeOf<T>(value: T, time: (value: T) => number): number {
  const at = time(value)
  if (!Number.isFinite(at)) throw new ArgumentError(`time: ${String(at)} is no time; expected a finite number`)
  return at
}

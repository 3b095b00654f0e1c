import { EMPTY, Observable } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  abortError,
  checked,
  checkInflow,
  checkOptions,
  checkRanks,
  checkReader,
  type Demand,
  INFLOW,
  type InflowOptions,
  type OptionNames,
  onAbort,
  presentDemand,
  recordCallSite
} from '../src/stream/internal.js'

/** Whose streams come in, and how far each may be ahead. */
export interface MergeFromOptions extends InflowOptions {
  /** The ranks that send; default all others. */
  sources?: readonly number[]
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Default true: of the ranks whose values wait, each has its turn. Otherwise values come as they arrive. */
  fair?: boolean
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<MergeFromOptions> = { ...INFLOW, sources: true, tag: true, fair: true, signal: true }

/**
 * The streams that several ranks send here with `sendTo`, as one: in order for each rank, and by turns. Each has a window of its own, so a
 * quick rank never keeps a slow one's values longer than it takes to consume one window. `merge` of as many `receiveFrom`, but fair.
 *
 *     sent by rank 1       (abcd|)
 *     sent by rank 2       ---x-----y|
 *     work of 4 ms each    -----a---b---x---c---y---(d|)
 *
 * Shape: T of each → T; with `project` what it makes of a value and its source. Completes when all have completed; the first error is its
 * error, and cancels the others.
 * Errors: RankError, TagError, ArgumentError at the call; those of `receiveFrom`.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { reduce } from 'rxjs'
 *
 * mpi.sendTo(comm, { dest: 0 })([comm.rank * 10, comm.rank * 10 + 1]).subscribe()
 * if (comm.rank === 0) {
 *   mpi.mergeFrom<number>(comm, { sources: [0, 1] }).pipe(reduce((sum, n) => sum + n)).subscribe(console.log) // [0] 22
 * }
 * ```
 */
export function mergeFrom<T = unknown, R = T>(
  comm: Communicator,
  options: MergeFromOptions = {},
  project: (value: T, source: number) => R = (value) => value as unknown as R
): Observable<R> {
  const { tag = 0, fair = true, signal } = options
  const { sources, prefetch } = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ sources: [1, 2] }')
    const ranks = options.sources ?? Array.from({ length: comm.size }, (_, rank) => rank).filter((rank) => rank !== comm.rank)
    checkRanks(ranks, 'sources')
    for (const source of ranks) checkReader(comm.core, { ...options, source })
    return { sources: ranks, prefetch: checkInflow(options) }
  })
  const site = recordCallSite()
  const lines = sources.map((source) => comm.channels.reads(comm.core.memberOf(source), tag, site))
  if (lines.length === 0) return EMPTY
  return new Observable((subscriber) => {
    const outer = presentDemand()
    const turns = new Turns(outer)
    subscriber.add(() => turns.stop())
    const abandon = (error: Error): void => subscriber.error(comm.core.inContext(error, site))
    let open = lines.length
    const readers = lines.map((line) => comm.channels.reader<T>(line))
    for (const reader of readers) subscriber.add(() => reader.cancel())
    if (signal?.aborted) return abandon(abortError(signal))
    if (signal !== undefined) subscriber.add(onAbort(signal, abandon))
    for (const [k, reader] of readers.entries()) {
      if (subscriber.closed) return
      const events = {
        next(value: T) {
          turns.over()
          let projected: R
          try {
            projected = project(value, sources[k]!)
          } catch (error) {
            return subscriber.error(error)
          }
          subscriber.next(projected)
        },
        error: (error: Error) => subscriber.error(error),
        complete: () => {
          if (--open === 0) subscriber.complete()
        }
      }
      reader.start(events, prefetch, fair ? turns.of(k) : outer, site)
    }
  })
}

/** Lets those whose values wait have their turns, while the one demand of all is open. */
class Turns {
  readonly #outer: Demand | undefined
  /** In the order of their turns. */
  readonly #waiting = new Map<number, () => void>()
  #turn = NOBODY
  #stopWaiting: (() => void) | undefined

  constructor(outer: Demand | undefined) {
    this.#outer = outer
  }

  /** The demand of one of them. */
  of(k: number): Demand | undefined {
    const outer = this.#outer
    if (outer === undefined) return undefined
    const waiting = this.#waiting
    const isOpen = (): boolean => outer.open && (waiting.size === 0 || this.#turn === k)
    return {
      get open() {
        return isOpen()
      },
      wait: (resume) => {
        waiting.set(k, resume)
        if (!outer.open) this.#stopWaiting ??= outer.wait(this.#run)
        return () => waiting.delete(k)
      },
      covers: (demand) => outer.covers(demand)
    }
  }

  /** A value was emitted: the turn is over. */
  over(): void {
    this.#turn = NOBODY
  }

  stop(): void {
    this.#stopWaiting?.()
    this.#waiting.clear()
  }

  readonly #run = (): void => {
    this.#stopWaiting = undefined
    const outer = this.#outer!
    while (outer.open) {
      const [next] = this.#waiting
      if (next === undefined) return
      const [k, resume] = next
      this.#waiting.delete(k)
      this.#turn = k
      resume()
      this.#turn = NOBODY
    }
    if (this.#waiting.size > 0) this.#stopWaiting ??= outer.wait(this.#run)
  }
}

const NOBODY = -1

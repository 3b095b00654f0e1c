import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  abortError,
  both,
  checkAmount,
  checked,
  checkOneOf,
  checkOptions,
  checkRanks,
  checkWriter,
  Gate,
  type OptionNames,
  OverflowError,
  onAbort,
  presentDemand,
  pull,
  recordCallSite,
  type StreamCall,
  type StreamStatus,
  under,
  type Writer
} from '../src/stream/internal.js'

/** What becomes of a reader that is out of credit when there is a value. */
export type Slow = 'wait' | 'drop' | 'disconnect'

/** Who may read, and what becomes of slow and late readers. */
export interface BroadcastToOptions {
  /** The ranks that may read; default all others. */
  dests?: readonly number[]
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Default `'wait'`. */
  slow?: Slow
  /** Readers that have to be there before the source is subscribed to; default all of `dests`. */
  rendezvous?: number
  /** So many of the last values are the first ones of a reader that joins late; default 0. */
  history?: number
  /** Values that may wait for each reader; default 1,000,000 for `'wait'`, whose source may be one that cannot, else 0. */
  highWaterMark?: number
  /** Counts what is sent, dropped and waits, of all readers together. */
  status?: StreamStatus
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<BroadcastToOptions> = {
  dests: true,
  tag: true,
  slow: true,
  rendezvous: true,
  history: true,
  highWaterMark: true,
  status: true,
  signal: true
}

/**
 * Sends every value of the source to any number of ranks, each of which reads it by `receiveFrom`, when and as long as it likes, and passes
 * it on. A rank that has left may join again by another subscription of the same `receiveFrom`.
 *
 *     source                              a--b--c--d--|
 *     rank 1                              --a-b--c--d--|
 *     rank 2, from 4 ms on, history: 1    ------bc--d--|
 *
 * | slow | a reader without credit, beyond `highWaterMark` |
 * | --- | --- |
 * | `'wait'` | holds up sources that can wait, and so all readers; with others it is an OverflowError on all ranks |
 * | `'drop'` | misses values; `status.dropped` counts them |
 * | `'disconnect'` | is disconnected: its stream ends with a RemoteError, the others go on |
 *
 * Shape: T → T. Cost: one message a value and reader. `bcast` of the collectives is the tree for values that all ranks take part in.
 * Errors: RankError, TagError, ArgumentError when the operator is made; those of `sendTo`. It is the staging of ADIOS2's SST engine
 * (`QueueFullPolicy`, `RendezvousReaderCount`, `ReserveQueueLimit`): Godoy et al., SoftwareX 12,
 * 2020.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { take } from 'rxjs'
 *
 * if (comm.rank === 0) mpi.broadcastTo(comm, { dests: [0, 1] })(['a', 'b']).subscribe()
 * mpi.receiveFrom(comm, { source: 0 }).subscribe(console.log) // [0] a [0] b [1] a [1] b
 * ```
 */
export function broadcastTo<T>(comm: Communicator, options: BroadcastToOptions = {}): (source: ObservableInput<T>) => Observable<T> {
  const { tag = 0, slow = 'wait', status, signal } = options
  const { dests, settings } = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ dests: [1, 2] }')
    const ranks = options.dests ?? Array.from({ length: comm.size }, (_, rank) => rank).filter((rank) => rank !== comm.rank)
    checkRanks(ranks, 'dests')
    checkWriter(comm.core, { ...options, dest: 0 })
    for (const dest of ranks) checkWriter(comm.core, { ...options, dest }, 'dests')
    checkOneOf('slow', slow, ['wait', 'drop', 'disconnect'])
    const mark = options.highWaterMark ?? (slow === 'wait' ? 1_000_000 : 0)
    return {
      dests: ranks,
      settings: {
        slow,
        highWaterMark: checkAmount('highWaterMark', mark, 0),
        history: checkAmount('history', options.history ?? 0, 0),
        rendezvous: checkAmount('rendezvous', options.rendezvous ?? ranks.length, 0)
      }
    }
  })
  const site = recordCallSite()
  const lines = dests.map((dest) => comm.channels.writes(comm.core.memberOf(dest), tag, site))
  return (source) =>
    new Observable((subscriber) => {
      const fail = (error: unknown): void => {
        const told = comm.core.inContext(error, site)
        broadcast.end((writer) => writer.error(told))
        subscriber.error(told)
      }
      const inner = new Subscriber<T>({
        next(value: T) {
          try {
            broadcast.next(value)
          } catch (error) {
            return fail(error)
          }
          subscriber.next(value)
        },
        error: fail,
        complete() {
          broadcast.end((writer) => writer.complete())
          subscriber.complete()
        }
      })
      subscriber.add(inner)
      subscriber.add(() => broadcast.end((writer) => writer.complete()))
      // Readers hear of it when it is aborted before it begins.
      let begun = signal?.aborted === true
      const begin = (): void => {
        if (begun || subscriber.closed || broadcast.joined < settings.rendezvous) return
        begun = true
        broadcast.begin()
        under(both(broadcast.gate, outer), () => pull(source).subscribe(inner))
      }
      const outer = presentDemand()
      const broadcast = new Broadcast<T>(comm, lines, settings, begin, fail)
      status?.follow(broadcast)
      broadcast.open()
      if (signal?.aborted) return fail(abortError(signal))
      if (signal !== undefined) subscriber.add(onAbort(signal, fail))
      begin()
    })
}

interface Settings {
  readonly slow: Slow
  readonly highWaterMark: number
  readonly history: number
  readonly rendezvous: number
}

interface Place {
  readonly line: StreamCall
  writer: Writer | undefined
  /** Its reader has had what it gets of the past. */
  reading: boolean
  stopWaiting?: () => void
}

/** A value on its way to many readers, who come and go. */
class Broadcast<T> {
  sent = 0
  dropped = 0
  readonly gate: Gate
  readonly #comm: Communicator
  readonly #places: Place[]
  readonly #settings: Settings
  readonly #joining: () => void
  readonly #failed: (error: Error) => void
  readonly #past: T[] = []
  #begun = false
  #ended = false

  constructor(comm: Communicator, lines: readonly StreamCall[], settings: Settings, joining: () => void, failed: (error: Error) => void) {
    this.#comm = comm
    this.#settings = settings
    this.#joining = joining
    this.#failed = failed
    this.#places = lines.map((line) => ({ line, writer: undefined, reading: false }))
    this.gate = new Gate(() => settings.slow !== 'wait' || this.#readers.every(({ open, ended }) => open || ended))
  }

  get joined(): number {
    return this.#readers.length
  }

  get buffered(): number {
    return this.#readers.reduce((sum, { queued }) => sum + queued, 0)
  }

  /** There are enough readers. */
  begin(): void {
    this.#begun = true
    for (const { stopWaiting } of this.#places) stopWaiting?.()
  }

  open(): void {
    for (const place of this.#places) this.#await(place)
  }

  next(value: T): void {
    const { history, slow, highWaterMark } = this.#settings
    for (const place of this.#places) {
      const { writer } = place
      if (!place.reading || writer === undefined || writer.ended) continue
      if (!writer.open && writer.outrun && writer.queued >= highWaterMark) {
        if (slow === 'drop') {
          this.dropped++
          continue
        }
        const error = new OverflowError(
          `rank ${this.#comm.core.rankOf(writer.peer)} reads tag ${writer.tag} more slowly than values come: ` +
            `${writer.queued} wait for it, which is highWaterMark`
        )
        if (slow === 'wait') throw error
        writer.discardAll()
        writer.error(this.#comm.core.inContext(error, place.line.site))
        continue
      }
      writer.next(value)
      this.sent++
    }
    if (history === 0) return
    this.#past.push(value)
    if (this.#past.length > history) this.#past.shift()
  }

  end(how: (writer: Writer) => void): void {
    if (this.#ended) return
    this.#ended = true
    for (const { writer } of this.#places) if (writer !== undefined) how(writer)
  }

  get #readers(): Writer[] {
    return this.#places.filter(({ reading }) => reading).map(({ writer }) => writer!)
  }

  /** Waits for the reader's next subscription. */
  #await(place: Place): void {
    const writer = this.#comm.channels.writer(place.line)
    const next = (): void => {
      if (place.writer !== writer) return
      place.reading = false
      place.writer = undefined
      if (!this.#ended) this.#await(place)
      this.gate.notify()
    }
    place.writer = writer
    writer.start(
      {
        cancelled: () => undefined,
        finished: next,
        failed: (error) => {
          const missed = place.reading ? this.#settings.slow === 'wait' : !this.#begun
          place.reading = false
          place.writer = undefined
          if (missed && !this.#ended) this.#failed(error)
          this.gate.notify()
        },
        credited: () => {
          if (!place.reading) this.#join(place)
          this.gate.notify()
        }
      },
      place.line.site
    )
    if (writer.ended) return
    if (writer.joined) this.#join(place)
    // Until then the source depends on it, so the rank waits.
    else if (!this.#begun) place.stopWaiting = writer.gate.wait(() => undefined)
  }

  #join(place: Place): void {
    place.reading = true
    for (const value of this.#past) place.writer?.next(value)
    this.#joining()
  }
}

import { Observable, type Observer, Subject, Subscription, type TeardownLogic } from 'rxjs'
import { PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions } from '../diagnostics/arguments.js'
import { type CallSite, locate, recordCallSite, recordCallSiteOr } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, RankError } from '../errors.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { presentDemand } from './demand.js'
import { checkInflow, checkOutflow, checkWriter, INFLOW, type InflowOptions, OUTFLOW, type OutflowOptions } from './options.js'
import { OverflowPolicy } from './overflow-policy.js'
import type { Prefetch, Reader } from './reader.js'
import type { StreamRegistry } from './stream-registry.js'
import type { Writer } from './writer.js'

/** Whom a channel joins, and how far the two may be ahead of each other. */
export interface ChannelOptions extends OutflowOptions, InflowOptions {
  /** The rank at the other end. */
  peer: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  /** Aborting it fails both directions: AbortError here, RemoteError at the peer. */
  signal?: AbortSignal
}

const CHANNEL: OptionNames<ChannelOptions> = { ...OUTFLOW, ...INFLOW, peer: true, tag: true, signal: true }

/**
 * A Subject that spans two ranks: what one gives to `next` its peer's subscribers get, and the other way round. The two directions end
 * independently.
 *
 *     rank 0   next         a--b--c--|
 *     rank 1   subscribed   --a--b--c--|
 *
 * The values come that the peer sends from the first subscription on, or has sent before it, within the window. When the last subscriber
 * leaves before the peer's stream is over, the direction is over: the peer's `source$.subscribe(channel)` is unsubscribed from its source,
 * and who subscribes later gets an ArgumentError. `share()` it, or keep one subscription, where subscribers come and go.
 *
 * `next` throws what `sendTo` would fail with: DataCloneError, OverflowError, RankFailedError. As `sendTo`, a channel is told what to do
 * with values that its peer has granted no credit for (`overflow`); `ready` and `buffered` tell how it stands. A source that can wait is
 * better off with `mpi.sendTo`.
 */
export class Channel<T> extends Subject<T> {
  readonly #comm: CommunicatorCore
  readonly #site: CallSite | undefined
  readonly #writer: Writer
  readonly #valve: OverflowPolicy
  readonly #reader: Reader<T>
  readonly #prefetch: Prefetch
  readonly #whenOver: () => void
  /** Passes on what arrives. */
  readonly #arrivals = new Subject<T>()
  readonly #credits = new Subject<number>()
  /** What is subscribed to for the peer. */
  #feeds = new Subscription()
  #subscribers = 0
  #reading = false
  /** The peer's direction is over. */
  #read = false
  /** It was, because the last subscriber had left. */
  #left = false
  #broken: Error | undefined
  #stopListening: (() => void) | undefined

  /** This rank's direction is over: `next` does nothing any more. */
  declare readonly closed: boolean

  /**
   * The bytes that the peer has granted and that are not used: at once, at every grant, and 0 when they are used up. Completes with this
   * rank's direction.
   */
  readonly ready: Observable<number>

  /** @internal */
  constructor(
    comm: CommunicatorCore,
    writer: Writer,
    reader: Reader<T>,
    options: ChannelOptions,
    site: CallSite | undefined,
    whenOver: () => void
  ) {
    super()
    const { overflow, highWaterMark } = checkOutflow(options)
    this.#comm = comm
    this.#site = site
    this.#whenOver = whenOver
    this.#writer = writer
    this.#reader = reader
    this.#prefetch = checkInflow(options)
    // RxJS's own is a field that its constructor sets.
    Object.defineProperty(this, 'closed', { get: () => writer.ended })
    this.#valve = new OverflowPolicy(writer, comm, overflow, highWaterMark, undefined)
    this.ready = new Observable((subscriber) => {
      if (this.#broken !== undefined) return subscriber.error(this.#broken)
      subscriber.next(writer.credit)
      return this.#credits.subscribe(subscriber)
    })
    writer.start(
      {
        cancelled: () => this.#stopFeeds(),
        failed: (error) => this.#fail(error),
        finished: () => this.#credits.complete(),
        credited: () => this.#credits.next(writer.credit)
      },
      site
    )
    const { signal } = options
    if (signal?.aborted) this.#abandon(abortError(signal))
    else if (signal !== undefined) this.#stopListening = onAbort(signal, (error) => this.#abandon(error))
  }

  /** Bytes that wait here for credit. */
  get buffered(): number {
    return this.#writer.queuedBytes
  }

  /** Values that the overflow policy has dropped. */
  get dropped(): number {
    return this.#valve.dropped
  }

  /** Whether anybody here is subscribed to what the peer sends. */
  override get observed(): boolean {
    return this.#subscribers > 0
  }

  /** Sends a value to the peer; after this direction is over it does nothing. */
  override next(value: T): void {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#writer.ended) return
    const before = this.#credits.observed ? this.#writer.credit : 0
    const waited = this.#writer.waits
    try {
      this.#valve.next(value)
    } catch (error) {
      throw this.#comm.inContext(error, recordCallSite())
    }
    // It is this value that waits.
    if (!waited && this.#writer.waits) this.#writer.site = recordCallSiteOr(this.#site)
    if (before > 0 && this.#writer.credit === 0) this.#credits.next(0)
  }

  /** Ends this direction: the subscribers at the peer complete. What the peer sends goes on. */
  override complete(): void {
    this.#writer.complete()
    this.#stopFeeds()
  }

  /** Ends this direction: the subscribers at the peer get the error, as a RemoteError. */
  override error(error: unknown): void {
    this.#writer.error(error)
    this.#stopFeeds()
  }

  /** Reads what the peer sends; the first subscription opens the window for it. */
  override subscribe(observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription
  /** @deprecated RxJS's old form. */
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null
  ): Subscription
  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null
  ): Subscription {
    const observer = typeof observerOrNext === 'object' ? observerOrNext : { next: observerOrNext, error, complete }
    return this.#received.subscribe(observer as Partial<Observer<T>>)
  }

  /**
   * Unsubscribes from all that was subscribed with this channel as its observer; the channel stays open. It is what
   * `source$.subscribe(channel)` returns.
   */
  override unsubscribe(): void {
    this.#stopFeeds()
    this.#feeds = new Subscription()
  }

  /**
   * @internal With `add` and `remove` the channel is a subscriber to RxJS, so that `source$.subscribe(channel)` tells it how
   * to unsubscribe from the source:
   * that is what its peer's unsubscription does.
   */
  add(teardown: TeardownLogic): void {
    if (this.closed) this.#feeds.unsubscribe()
    this.#feeds.add(teardown)
  }

  /** @internal */
  remove(teardown: Exclude<TeardownLogic, void>): void {
    this.#feeds.remove(teardown as Subscription)
  }

  /** @internal Both directions are over. */
  get over(): boolean {
    return this.#writer.ended && this.#read
  }

  /** @internal */
  get site(): CallSite | undefined {
    return this.#site
  }

  readonly #received = new Observable<T>((subscriber) => {
    if (this.#left) {
      const error = new ArgumentError(
        'channel: its last subscriber has left, which has ended the stream of its peer; ' +
          'keep one subscription, or share() it, where subscribers come and go'
      )
      return subscriber.error(this.#comm.inContext(error, recordCallSite()))
    }
    this.#subscribers++
    subscriber.add(this.#arrivals.subscribe(subscriber))
    subscriber.add(() => {
      if (--this.#subscribers > 0 || this.#read) return
      this.#left = true
      this.#reader.cancel()
      this.#endReading()
    })
    if (this.#reading) return
    this.#reading = true
    this.#reader.start(
      {
        next: (value) => this.#arrivals.next(value),
        error: (error) => {
          this.#endReading()
          this.#arrivals.error(error)
        },
        complete: () => {
          this.#endReading()
          this.#arrivals.complete()
        }
      },
      this.#prefetch,
      presentDemand(),
      recordCallSiteOr(this.#site)
    )
  })

  #stopFeeds(): void {
    this.#feeds.unsubscribe()
    this.#settle()
  }

  #endReading(): void {
    this.#read = true
    this.#settle()
  }

  #settle(): void {
    if (!this.over) return
    this.#stopListening?.()
    this.#whenOver()
  }

  /** The peer is gone. */
  #fail(error: Error): void {
    this.#broken = error
    this.#credits.error(error)
    this.#stopFeeds()
  }

  #abandon(error: Error): void {
    const told = this.#comm.inContext(error, this.#site)
    this.#writer.error(told)
    this.#broken = told
    this.#stopFeeds()
    if (this.#read) return
    this.#reader.cancel()
    this.#endReading()
    this.#arrivals.error(told)
  }
}

/** The open channels of a communicator, so that no two of them are for the same peer and tag. */
export class OpenChannels {
  readonly #open = new Map<string, Channel<unknown>>()

  open<T>(channels: StreamRegistry, options: ChannelOptions): Channel<T> {
    const { comm } = channels
    checkOptions(options, CHANNEL, '{ peer: 1 }')
    checkWriter(comm, { ...options, dest: options.peer }, 'peer')
    checkOutflow(options)
    checkInflow(options)
    const { peer, tag = 0 } = options
    if (peer === PROC_NULL) throw new RankError('peer: a channel is with a rank, not with PROC_NULL')
    const key = `${peer} ${tag}`
    const before = this.#open.get(key)
    if (before !== undefined) {
      const where = locate(before.site)
      throw new ArgumentError(
        `channel: there is an open one with rank ${peer} and tag ${tag} already${where === undefined ? '' : `, from ${where}`}; ` +
          'use that one, or another tag, or complete it and have its peer complete before the next'
      )
    }
    const site = recordCallSite()
    const member = comm.memberOf(peer)
    const channel = new Channel<T>(
      comm,
      channels.writer(channels.writes(member, tag, site)),
      channels.reader<T>(channels.reads(member, tag, site)),
      options,
      site,
      () => this.#open.delete(key)
    )
    if (!channel.over) this.#open.set(key, channel as Channel<unknown>)
    return channel
  }
}

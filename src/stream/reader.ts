import { isScalar } from '../codec/datatype.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { Incoming, Taker } from '../progress/incoming.js'
import { place } from '../request/receive-request.js'
import { CLOSE, COMPLETE, CREDIT, callOf, FIRST_BYTES, FIRST_VALUES, kindIn, NEXT } from './control-messages.js'
import { type Demand, under } from './demand.js'
import { payloadOf } from './payload.js'
import { Queue } from './queue.js'
import { remoteError } from './remote-error.js'
import type { StreamRegistry } from './stream-registry.js'

/** Who gets what arrives. */
export interface ReaderEvents<T> {
  next(value: T): void
  error(error: Error): void
  complete(): void
}

/** How much may be on the way to a reader or wait there. */
export interface Window {
  readonly values: number
  readonly bytes: number
}

interface Arrival {
  value: unknown
  bytes: number
}

interface Frame extends Arrival {
  kind: number
}

const MALFORMED = -1

/** The reading end of a stream: grants credit as values are consumed, and keeps what has come until then. */
export class Reader<T> implements Taker {
  order = 0
  gone = true
  readonly peer: number
  readonly tag: number
  readonly number: number
  readonly subscription: number
  readonly #channels: StreamRegistry
  site: CallSite | undefined
  readonly endless = true
  #events: ReaderEvents<T> | undefined
  #demand: Demand | undefined
  #stopWaiting: (() => void) | undefined
  #window: Window = { values: FIRST_VALUES, bytes: FIRST_BYTES }
  #granted = { values: FIRST_VALUES, bytes: FIRST_BYTES }
  #values = 0
  #bytes = 0
  /** Frames whose data is not complete, and those behind them. */
  #incomplete: { message: Incoming; frame: Frame | undefined }[] = []
  readonly #queue = new Queue<Arrival>()
  /** How the stream ends for whoever reads it, behind what waits. */
  #end: { error?: Error } | undefined
  /** The writer's last frame has come. */
  #ended = false
  #started = false
  #cancelled = false
  #closed = false
  #emitting = false
  #holding = false

  constructor(channels: StreamRegistry, peer: number, tag: number, number: number, subscription: number) {
    this.#channels = channels
    this.peer = peer
    this.tag = tag
    this.number = number
    this.subscription = subscription
  }

  /** Begins: from here on values are consumed, as long as the demand is open. */
  start(events: ReaderEvents<T>, window: Window, demand: Demand | undefined, site: CallSite | undefined): void {
    this.#started = true
    this.#events = events
    this.#window = window
    this.#demand = demand
    this.site = site
    this.#holding = true
    this.#channels.transport.hold()
    const reason = this.#channels.reasonGone(this.peer)
    if (reason !== undefined) this.#finishWith({ error: this.#channels.comm.inContext(reason, site) })
    if (this.#ended || reason !== undefined) this.#channels.forgetReader(this)
    else {
      this.#channels.seek(this.peer)
      this.#grant(true)
    }
    this.#drain()
  }

  /** Nobody reads it any more. */
  cancel(): void {
    this.#started = true
    this.#cancelled = true
    this.#events = undefined
    this.#queue.clear()
    this.#rest()
    if (this.#ended) this.#channels.forgetReader(this)
    else this.#close()
  }

  // As the taker of what the writer says

  accept(message: Incoming): boolean {
    if (isScalar(message.datatype) && message.complete) return true
    if (this.#cancelled && kindIn(message.call) === NEXT) return false
    const misfit = place(this.#channels.comm, message, undefined)
    if (misfit === undefined) this.#incomplete.push({ message, frame: undefined })
    else this.#break(misfit)
    return misfit === undefined
  }

  finish(message: Incoming): void {
    const incomplete = this.#incomplete
    if (incomplete.length === 0) return this.#take(this.#read(message))
    const entry = incomplete.find((other) => other.message === message)
    if (entry === undefined) {
      incomplete.push({ message, frame: this.#read(message) })
      return
    }
    entry.frame = this.#read(message)
    while (incomplete[0]?.frame !== undefined) this.#take(incomplete.shift()!.frame!)
  }

  // As one who waits

  get waits(): boolean {
    return this.#holding
  }

  fail(error: Error): void {
    if (this.#cancelled) {
      this.#channels.forgetReader(this)
      return
    }
    if (this.#end !== undefined || !this.#started) return
    this.#incomplete = []
    this.#finishWith({ error: this.#channels.comm.inContext(error, this.site) })
    this.#close()
    this.#channels.forgetReader(this)
    this.#drain()
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }

  describe(): string {
    return `in a stream from rank ${this.#channels.comm.rankOf(this.peer)}, tag ${this.tag}${this.#channels.comm.on}, for its next value`
  }

  #read(message: Incoming): Frame {
    const kind = kindIn(message.call)
    if (kind === COMPLETE || this.#cancelled) return { kind, value: undefined, bytes: 0 }
    try {
      return { kind, value: message.value(), bytes: message.bytes }
    } catch (error) {
      return { kind: MALFORMED, value: error, bytes: 0 }
    }
  }

  #take({ kind, value, bytes }: Frame): void {
    if (kind === NEXT) return this.#arrive(value, bytes)
    if (kind === MALFORMED) return this.#break(value as Error)
    const { comm } = this.#channels
    this.#finishWith(kind === COMPLETE ? {} : { error: remoteError(comm.rankOf(this.peer), comm.name, value) })
    this.#ended = true
    this.#close()
    if (this.#started) this.#channels.forgetReader(this)
    this.#drain()
  }

  #arrive(value: unknown, bytes: number): void {
    if (this.#cancelled || this.#end !== undefined) return
    if (this.#emitting || this.#events === undefined || this.#queue.length > 0 || this.#demand?.open === false) {
      this.#queue.push({ value, bytes })
      return this.#drain()
    }
    this.#emit(value as T, bytes)
    if (this.#queue.length > 0 || this.#end !== undefined) this.#drain()
  }

  /** What came cannot be read. */
  #break(error: Error): void {
    this.#finishWith({ error: this.#channels.comm.inContext(error, this.site) })
    this.#close()
    this.#drain()
  }

  #finishWith(end: { error?: Error }): void {
    this.#end ??= end
  }

  /** Says that nothing more is wanted, once. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#channels.say(this.peer, this.tag, callOf(CLOSE, this.subscription), this.number)
  }

  #emit(value: T, bytes: number): void {
    this.#emitting = true
    try {
      if (this.#demand === undefined) this.#events!.next(value)
      else under(this.#demand, () => this.#events!.next(value))
    } finally {
      this.#emitting = false
      this.#values++
      this.#bytes += bytes
      this.#grant()
    }
  }

  /** Hands over what has come, as long as there is demand; also an error, which would overtake work under way. A loop and no recursion. */
  #drain(): void {
    if (this.#emitting) return
    while (this.#events !== undefined) {
      if (this.#queue.length === 0) {
        if (this.#end === undefined) return
        if (this.#end.error === undefined || this.#demand?.open !== false) return this.#finish(this.#end)
      }
      if (this.#demand?.open === false) {
        this.#stopWaiting ??= this.#demand.wait(() => {
          this.#stopWaiting = undefined
          this.#drain()
        })
        return
      }
      const { value, bytes } = this.#queue.shift()
      this.#emit(value as T, bytes)
    }
  }

  #finish({ error }: { error?: Error }): void {
    const events = this.#events!
    this.#events = undefined
    this.#rest()
    under(this.#demand, () => (error === undefined ? events.complete() : events.error(error)))
  }

  /** Grants what has been consumed again, when it is worth telling. */
  #grant(first = false): void {
    if (this.#events === undefined || this.#end !== undefined || this.#closed) return
    const values = this.#values + this.#window.values
    const bytes = this.#bytes + this.#window.bytes
    const granted = this.#granted
    const window = this.#window
    if (values - granted.values < window.values / 4 && bytes - granted.bytes < window.bytes / 4 && !first) return
    this.#granted = { values, bytes }
    const { link, context } = this.#channels.way(this.peer)
    const { datatype, bytes: words } = payloadOf([this.#granted.values, this.#granted.bytes])
    this.#channels.tell(link, context, this.tag, datatype, words as Uint8Array, callOf(CREDIT, this.subscription), this.number)
  }

  #rest(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
    if (!this.#holding) return
    this.#holding = false
    this.#channels.transport.release()
  }
}

import { type Observable, ReplaySubject } from 'rxjs'
import { NUMBER, OBJECT } from '../../src/codec/datatype.js'
import { type CallSite, recordCallSite } from '../../src/diagnostics/call-site.js'
import { CHANNELS, CONTEXTS, CONTROL, FAILURES, GROUPS } from '../../src/progress/context-ids.js'
import { callOf, contextOf, datatypeAt, flagsOf, HEADER, idOf, kindOf, REST, START, tagOf, totalOf } from '../../src/progress/frame.js'
import { Incoming } from '../../src/progress/incoming.js'
import { kindIn, NEXT } from '../../src/stream/control-messages.js'
import type { Delivery } from '../../src/transport/memory/options.js'
import type { Slot } from '../../src/transport/transport.js'

/** How much has arrived on a link. */
export interface Traffic {
  /** How many messages; what links say to each other beside them does not count. */
  messages: number
  /** What the messages carry, without headers. */
  bytes: number
}

/** Sees what crosses the links of a simulated network, and knows messages from what links say to each other beside them. */
export class TrafficMonitor {
  readonly #size: number
  readonly #links = new Map<number, Traffic>()
  readonly #watched = new Map<number, Watch>()
  /** Messages that have come to each rank, which is how its endpoint numbers them. */
  readonly #arrivals: Uint32Array
  readonly #sites = new Map<string, CallSite>()
  readonly #sending = new WeakMap<Slot, CallSite>()

  constructor(size: number) {
    this.#size = size
    this.#arrivals = new Uint32Array(size)
  }

  /** Records every message that arrives at `to` from now on. */
  watch(from: number, to: number): Observable<unknown> {
    const key = this.#key(from, to)
    let watch = this.#watched.get(key)
    if (watch === undefined) {
      watch = new Watch()
      this.#watched.set(key, watch)
    }
    return watch.messages
  }

  /** What has arrived so far, from one rank or all, at one rank or all. */
  count(from?: number, to?: number): Traffic {
    const sum = { messages: 0, bytes: 0 }
    for (const [key, { messages, bytes }] of this.#links) {
      if (from !== undefined && from !== Math.floor(key / this.#size)) continue
      if (to !== undefined && to !== key % this.#size) continue
      sum.messages += messages
      sum.bytes += bytes
    }
    return sum
  }

  /** Where the message was sent that came to `to` as the `order`-th. */
  siteOf(to: number, order: number): CallSite | undefined {
    return this.#sites.get(`${to} ${order}`)
  }

  /** Called within the call that sends a segment. */
  sent(segment: Slot): void {
    // A message with a number had to wait, and is sent by whatever call made room for it.
    if (kindOf(segment) !== START || idOf(segment) !== 0) return
    const site = recordCallSite()
    if (site !== undefined) this.#sending.set(segment, site)
  }

  arrived({ from, to, segment, moved }: Delivery): void {
    if (segment === undefined) {
      this.#count(from, to, 0, moved!.buffer.byteLength)
      this.#watched.get(this.#key(from, to))?.moved(moved!.id, moved!.buffer)
      return
    }
    const kind = kindOf(segment)
    if (kind === START) this.#started(to, segment)
    if (kind !== REST && !(kind === START && isMessage(segment))) return
    this.#count(from, to, kind === START ? 1 : 0, segment.length - HEADER)
    this.#watched.get(this.#key(from, to))?.segment(from, segment, kind)
  }

  #started(to: number, segment: Slot): void {
    const order = this.#arrivals[to]!++
    const site = this.#sending.get(segment)
    if (site !== undefined) this.#sites.set(`${to} ${order}`, site)
  }

  #count(from: number, to: number, messages: number, bytes: number): void {
    const key = this.#key(from, to)
    const traffic = this.#links.get(key)
    if (traffic === undefined) this.#links.set(key, { messages, bytes })
    else {
      traffic.messages += messages
      traffic.bytes += bytes
    }
  }

  #key(from: number, to: number): number {
    return from * this.#size + to
  }
}

/** Whether a START begins what somebody has sent, and not what collectives and the ends of streams say to each other beside it. */
function isMessage(segment: Slot): boolean {
  if (contextOf(segment) === FAILURES) return false
  const context = contextOf(segment) % CONTEXTS
  return context === CHANNELS ? kindIn(callOf(segment)) === NEXT : context !== CONTROL && context !== GROUPS
}

/** Puts the messages of one link together again. */
class Watch {
  /** A replay, for what arrives at once may come before anybody could subscribe. */
  readonly messages = new ReplaySubject<unknown>()
  readonly #partial = new Map<number, Incoming>()

  segment(from: number, segment: Slot, kind: number): void {
    const id = idOf(segment)
    let message = this.#partial.get(id)
    if (kind === START) {
      message = new Incoming(0, from, tagOf(segment), contextOf(segment), datatypeAt(segment), totalOf(segment), id, flagsOf(segment))
      if (message.datatype === NUMBER) {
        message.keepNumber(segment, segment.at + HEADER)
        return this.#show(message)
      }
      if (!message.moves) message.allocate()
    }
    if (message === undefined) return
    message.add(segment, segment.at + HEADER, segment.length - HEADER)
    if (message.complete) this.#show(message)
    else this.#partial.set(id, message)
  }

  moved(id: number, buffer: ArrayBuffer): void {
    const message = this.#partial.get(id)
    if (message === undefined) return
    message.moved = buffer.slice(0)
    this.#show(message)
  }

  #show(message: Incoming): void {
    this.#partial.delete(message.id)
    // A barrier's messages, and what a rank gives that gives nothing, carry no data.
    this.messages.next(message.datatype === OBJECT && message.bytes === 0 ? undefined : message.value())
  }
}

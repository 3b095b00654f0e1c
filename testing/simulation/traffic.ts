import { type Observable, ReplaySubject, type Subject } from 'rxjs'
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

/** Ranks that there may be, of all worlds. */
const RANKS = 2 ** 22

const linkOf = (from: number, to: number): number => from * RANKS + to

/** What has crossed between any two ranks of a simulated job, in whichever network, by the job's numbers. */
export class TrafficMonitor {
  readonly #links = new Map<number, Traffic>()
  readonly #watched = new Map<number, ReplaySubject<unknown>>()

  /** Records every message that arrives at `to` from now on. */
  watch(from: number, to: number): Observable<unknown> {
    const key = linkOf(from, to)
    // A replay, for what arrives at once may come before anybody could subscribe.
    const messages = this.#watched.get(key) ?? new ReplaySubject<unknown>()
    this.#watched.set(key, messages)
    return messages
  }

  /** Who records what arrives on a link, if anybody does. */
  watched(link: number): ReplaySubject<unknown> | undefined {
    return this.#watched.get(link)
  }

  /** What has arrived so far, from one rank or all, at one rank or all. */
  count(from?: number, to?: number): Traffic {
    const sum = { messages: 0, bytes: 0 }
    for (const [key, { messages, bytes }] of this.#links) {
      if (from !== undefined && from !== Math.floor(key / RANKS)) continue
      if (to !== undefined && to !== key % RANKS) continue
      sum.messages += messages
      sum.bytes += bytes
    }
    return sum
  }

  add(link: number, messages: number, bytes: number): void {
    const traffic = this.#links.get(link)
    if (traffic === undefined) this.#links.set(link, { messages, bytes })
    else {
      traffic.messages += messages
      traffic.bytes += bytes
    }
  }
}

/** Sees what crosses the links of one simulated network, and knows messages from what links say to each other beside them. */
export class NetworkTraffic {
  readonly #monitor: TrafficMonitor
  /** The job's number of each rank. */
  readonly #processes: readonly number[]
  readonly #watches = new Map<number, Watch>()
  /** Messages that have come to each rank, which is how its endpoint numbers them. */
  readonly #arrivals: Uint32Array
  readonly #sites = new Map<string, CallSite>()
  readonly #sending = new WeakMap<Slot, CallSite>()

  constructor(monitor: TrafficMonitor, processes: readonly number[]) {
    this.#monitor = monitor
    this.#processes = processes
    this.#arrivals = new Uint32Array(processes.length)
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
    const link = linkOf(this.#processes[from]!, this.#processes[to]!)
    if (segment === undefined) {
      this.#monitor.add(link, 0, moved!.buffer.byteLength)
      this.#watch(link)?.moved(moved!.id, moved!.buffer)
      return
    }
    const kind = kindOf(segment)
    if (kind === START) this.#started(to, segment)
    if (kind !== REST && !(kind === START && isMessage(segment))) return
    this.#monitor.add(link, kind === START ? 1 : 0, segment.length - HEADER)
    this.#watch(link)?.segment(from, segment, kind)
  }

  #started(to: number, segment: Slot): void {
    const order = this.#arrivals[to]!++
    const site = this.#sending.get(segment)
    if (site !== undefined) this.#sites.set(`${to} ${order}`, site)
  }

  #watch(link: number): Watch | undefined {
    let watch = this.#watches.get(link)
    if (watch !== undefined) return watch
    const messages = this.#monitor.watched(link)
    if (messages === undefined) return undefined
    watch = new Watch(messages)
    this.#watches.set(link, watch)
    return watch
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
  readonly #messages: Subject<unknown>
  readonly #partial = new Map<number, Incoming>()

  constructor(messages: Subject<unknown>) {
    this.#messages = messages
  }

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
    this.#messages.next(message.datatype === OBJECT && message.bytes === 0 ? undefined : message.value())
  }
}

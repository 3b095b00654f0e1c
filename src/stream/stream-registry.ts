import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { CHANNELS } from '../progress/context-ids.js'
import type { Incoming, Taker, Waiting } from '../progress/incoming.js'
import { goneError } from '../progress/rank-failure.js'
import { Outgoing, type Owner, type SendQueue } from '../progress/send-queue.js'
import type { Transport } from '../transport/transport.js'
import { CREDIT, kindIn, subscriptionIn } from './control-messages.js'
import { Reader } from './reader.js'
import { Writer } from './writer.js'

/** A call that makes streams of one direction, peer and tag: one with each subscription. */
export interface Line {
  readonly peer: number
  readonly tag: number
  /** The how-many-th of that direction, peer and tag. */
  readonly number: number
  readonly site: CallSite | undefined
  subscriptions: number
}

/** The streams of a communicator on this rank, in both directions. */
export class StreamRegistry {
  readonly comm: CommunicatorCore
  readonly transport: Transport
  readonly #context: number
  readonly #writers: Streams<Writer>
  readonly #readers: Streams<Reader<unknown>>
  readonly #halves = new Set<Waiting & { readonly peer: number; readonly waits: boolean }>()

  /** `asked` hears of writers that somebody reads from and that nobody here has opened. */
  constructor(comm: CommunicatorCore, asked?: (writer: Writer) => void) {
    const { endpoint } = comm
    this.comm = comm
    this.transport = endpoint.transport
    this.#context = comm.id + CHANNELS
    this.#writers = new Streams((peer, tag, number, subscription) => new Writer(this, peer, tag, number, subscription, asked))
    this.#readers = new Streams((peer, tag, number, subscription) => new Reader(this, peer, tag, number, subscription))
    const context = endpoint.context(this.#context)
    context.halves = this.#halves
    context.listener = (message) => this.#takerOf(message)
    for (let early = context.matching.find(ANY_SOURCE, ANY_TAG); early !== undefined; early = context.matching.find(ANY_SOURCE, ANY_TAG)) {
      endpoint.take(context, early)
      endpoint.assign(early, this.#takerOf(early))
    }
  }

  /** The next call that writes to a peer with this tag. */
  writes(peer: number, tag: number, site: CallSite | undefined): Line {
    return { peer, tag, number: this.#writers.count(peer, tag), site, subscriptions: 0 }
  }

  /** The next call that reads. */
  reads(peer: number, tag: number, site: CallSite | undefined): Line {
    return { peer, tag, number: this.#readers.count(peer, tag), site, subscriptions: 0 }
  }

  /** The writing end of a line's next subscription; to be started. */
  writer(line: Line): Writer {
    const writer = this.#writers.get(line.peer, line.tag, line.number, line.subscriptions++)
    this.#halves.add(writer)
    return writer
  }

  /** Counts a writer that was asked for among the open ones. */
  adopt(writer: Writer): void {
    this.#halves.add(writer)
  }

  /** The reading end. */
  reader<T>(line: Line): Reader<T> {
    const reader = this.#readers.get(line.peer, line.tag, line.number, line.subscriptions++)
    this.#halves.add(reader)
    return reader as Reader<T>
  }

  forgetWriter(writer: Writer): void {
    this.#halves.delete(writer)
    this.#writers.delete(writer)
  }

  forgetReader(reader: Reader<never>): void {
    this.#halves.delete(reader)
    this.#readers.delete(reader as Reader<unknown>)
  }

  /** Why nothing can come from a peer or go to it any more. */
  reasonGone(peer: number): Error | undefined {
    const reason = this.comm.endpoint.whyGone(peer)
    return reason === undefined ? undefined : goneError(this.comm.rankOf(peer), reason)
  }

  seek(peer: number): void {
    this.comm.endpoint.seek(peer)
  }

  /** The way out to a peer. */
  way(peer: number): { link: SendQueue; context: number } {
    return { link: this.comm.endpoint.link(peer), context: this.#context }
  }

  /** Sends a frame without data. */
  say(peer: number, tag: number, call: number, number: number): void {
    if (this.comm.endpoint.whyGone(peer) !== undefined) return
    const { link, context } = this.way(peer)
    this.tell(link, context, tag, 0, nothing, call, number)
  }

  /** Sends a frame that nobody here waits for. */
  tell(link: SendQueue, context: number, tag: number, datatype: number, bytes: Uint8Array, call: number, number: number): void {
    if (link.sendNow(context, tag, datatype, bytes, bytes.byteLength, call, number)) return
    const message = new Outgoing(context, tag, datatype, bytes.slice(), false, undefined, new Farewell(this, link.dest, tag))
    message.call = call
    message.shape = number
    link.send(message)
  }

  /** Streams that this rank knows of. */
  get open(): number {
    return this.#writers.size + this.#readers.size
  }

  /** All of them fail: the communicator is no more. */
  end(error: Error): void {
    for (const half of [...this.#halves]) half.fail(error)
  }

  #takerOf(message: Incoming): Taker {
    const streams = kindIn(message.call) < CREDIT ? this.#readers : this.#writers
    return streams.get(message.source, message.tag, message.shape, subscriptionIn(message.call))
  }
}

const nothing = new Uint8Array(0)

/** Keeps the rank alive until a frame is out. */
class Farewell implements Owner {
  readonly site = undefined
  readonly #streams: StreamRegistry
  readonly #peer: number
  readonly #tag: number
  #isOut = false

  constructor(streams: StreamRegistry, peer: number, tag: number) {
    this.#streams = streams
    this.#peer = peer
    this.#tag = tag
    streams.transport.hold()
  }

  done(): void {
    if (this.#isOut) return
    this.#isOut = true
    this.#streams.transport.release()
  }

  fail(): void {
    this.done()
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    void makeError(undefined)
    this.done()
  }

  describe(): string {
    const { comm } = this.#streams
    return `in a stream with rank ${comm.rankOf(this.#peer)}, tag ${this.#tag}${comm.on}, for it to receive`
  }
}

interface Place {
  readonly peer: number
  readonly tag: number
  readonly number: number
  readonly subscription: number
}

/** The open ends of one direction, and those that a peer has spoken of before they were opened here. */
class Streams<S extends Place> {
  readonly #make: (peer: number, tag: number, number: number, subscription: number) => S
  /** By peer and tag; there is hardly ever more than one. */
  readonly #open = new Map<number, Map<number, S[]>>()
  readonly #counts = new Map<number, Map<number, number>>()
  #last: S | undefined

  constructor(make: (peer: number, tag: number, number: number, subscription: number) => S) {
    this.#make = make
  }

  /** How many calls there were before. */
  count(peer: number, tag: number): number {
    const counts = child(this.#counts, peer, () => new Map<number, number>())
    const count = counts.get(tag) ?? 0
    counts.set(tag, count + 1)
    return count
  }

  get(peer: number, tag: number, number: number, subscription: number): S {
    if (this.#last !== undefined && is(this.#last, peer, tag, number, subscription)) return this.#last
    const streams = child(
      child(this.#open, peer, () => new Map<number, S[]>()),
      tag,
      () => [] as S[]
    )
    let stream = streams.find((other) => is(other, peer, tag, number, subscription))
    if (stream === undefined) {
      stream = this.#make(peer, tag, number, subscription)
      streams.push(stream)
    }
    this.#last = stream
    return stream
  }

  get size(): number {
    let size = 0
    for (const tags of this.#open.values()) for (const streams of tags.values()) size += streams.length
    return size
  }

  delete(stream: S): void {
    if (this.#last === stream) this.#last = undefined
    const tags = this.#open.get(stream.peer)
    const streams = tags?.get(stream.tag)
    const index = streams?.indexOf(stream) ?? -1
    if (index < 0) return
    streams!.splice(index, 1)
    if (streams!.length === 0) tags!.delete(stream.tag)
  }
}

const is = (stream: Place, peer: number, tag: number, number: number, subscription: number): boolean =>
  stream.peer === peer && stream.tag === tag && stream.number === number && stream.subscription === subscription

function child<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, locate } from '../diagnostics/call-site.js'
import { ArgumentError } from '../errors.js'
import type { Incoming, Taker, Waiting } from '../progress/incoming.js'
import { CREDIT, FIRST, idIn, kindIn, MAX_CALLS, streamId } from './control-messages.js'
import { Reader } from './reader.js'
import { StreamPort } from './stream-port.js'
import { Writer } from './writer.js'

/** A call that makes streams of one direction, peer and tag: one with each subscription. */
export interface StreamCall {
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
  readonly #writers: Streams<Writer>
  readonly #readers: Streams<Reader<unknown>>
  readonly #halves = new Set<Waiting & { readonly peer: number; readonly waits: boolean }>()

  /** `asked` hears of writers that somebody reads from and that nobody here has opened. */
  constructor(comm: CommunicatorCore, asked?: (writer: Writer) => void) {
    const { endpoint } = comm
    this.comm = comm
    const port = new StreamPort(comm)
    const forgetWriter = (writer: Writer): void => {
      this.#halves.delete(writer)
      this.#writers.delete(writer)
    }
    const forgetReader = (reader: Reader<unknown>): void => {
      this.#halves.delete(reader)
      this.#readers.delete(reader)
    }
    this.#writers = new Streams((peer, tag, id) => new Writer(port, peer, tag, id, forgetWriter, asked))
    this.#readers = new Streams((peer, tag, id) => new Reader(port, peer, tag, id, forgetReader))
    const context = endpoint.context(port.context)
    context.halves = this.#halves
    context.listener = (message) => this.#takerOf(message)
    for (let early = context.matching.find(ANY_SOURCE, ANY_TAG); early !== undefined; early = context.matching.find(ANY_SOURCE, ANY_TAG)) {
      endpoint.take(context, early)
      endpoint.assign(early, this.#takerOf(early))
    }
  }

  /** The next call that writes to a peer with this tag. */
  writes(peer: number, tag: number, site: CallSite | undefined): StreamCall {
    return this.#call(this.#writers, peer, tag, site)
  }

  /** The next call that reads. */
  reads(peer: number, tag: number, site: CallSite | undefined): StreamCall {
    return this.#call(this.#readers, peer, tag, site)
  }

  /** The writing end of a call's next subscription; to be started. */
  writer(call: StreamCall): Writer {
    return this.#open(this.#writers, call)
  }

  /** The reading end. */
  reader<T>(call: StreamCall): Reader<T> {
    return this.#open(this.#readers, call) as Reader<T>
  }

  /** Counts a writer that was asked for among the open ones. */
  adopt(writer: Writer): void {
    this.#halves.add(writer)
  }

  /** Streams that this rank knows of. */
  get open(): number {
    return this.#writers.size + this.#readers.size
  }

  #call(streams: Streams<Writer> | Streams<Reader<unknown>>, peer: number, tag: number, site: CallSite | undefined): StreamCall {
    const number = streams.count(peer, tag)
    if (number < MAX_CALLS) return { peer, tag, number, site, subscriptions: FIRST.subscription }
    throw new ArgumentError(
      `there were ${MAX_CALLS} streams of this direction with rank ${this.comm.rankOf(peer)} and tag ${tag} before; ` +
        'use another tag, or make the operator once and subscribe to it again'
    )
  }

  #open<S extends Writer | Reader<unknown>>(streams: Streams<S>, call: StreamCall): S {
    const { peer, tag, number, site } = call
    const stream = streams.get(peer, tag, streamId(number, call.subscriptions))
    // The next that subscribes meets what it would have met now.
    if (stream.opened) {
      const where = locate(site)
      const error = new ArgumentError(
        `${call.subscriptions} subscriptions${where === undefined ? '' : ` of the operator made at ${where}`} came before this one, ` +
          `and the streams of too many with rank ${this.comm.rankOf(peer)}, tag ${tag}, are open or were never read; ` +
          'end some, or have them read'
      )
      throw this.comm.inContext(error, site)
    }
    call.subscriptions++
    stream.opened = true
    this.#halves.add(stream)
    return stream
  }

  #takerOf(message: Incoming): Taker {
    const streams = kindIn(message.call) < CREDIT ? this.#readers : this.#writers
    return streams.get(message.source, message.tag, idIn(message.call, message.shape))
  }
}

interface StreamEnd {
  readonly peer: number
  readonly tag: number
  readonly id: number
}

/** The open ends of one direction, and those that a peer has spoken of before they were opened here. */
class Streams<S extends StreamEnd> {
  readonly #make: (peer: number, tag: number, id: number) => S
  /** By peer, tag and id. */
  readonly #ends = new Map<number, Map<number, Map<number, S>>>()
  readonly #counts = new Map<number, Map<number, number>>()
  #last: S | undefined

  constructor(make: (peer: number, tag: number, id: number) => S) {
    this.#make = make
  }

  /** How many calls there were before. */
  count(peer: number, tag: number): number {
    const counts = child(this.#counts, peer, () => new Map<number, number>())
    const count = counts.get(tag) ?? FIRST.call
    counts.set(tag, count + 1)
    return count
  }

  get(peer: number, tag: number, id: number): S {
    const last = this.#last
    if (last !== undefined && last.peer === peer && last.tag === tag && last.id === id) return last
    const tags = child(this.#ends, peer, () => new Map<number, Map<number, S>>())
    const ids = child(tags, tag, () => new Map<number, S>())
    const stream = child(ids, id, () => this.#make(peer, tag, id))
    this.#last = stream
    return stream
  }

  get size(): number {
    let size = 0
    for (const tags of this.#ends.values()) for (const ids of tags.values()) size += ids.size
    return size
  }

  delete(stream: S): void {
    if (this.#last === stream) this.#last = undefined
    const tags = this.#ends.get(stream.peer)
    const ids = tags?.get(stream.tag)
    if (ids?.get(stream.id) !== stream) return
    ids.delete(stream.id)
    if (ids.size === 0) tags!.delete(stream.tag)
  }
}

function child<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

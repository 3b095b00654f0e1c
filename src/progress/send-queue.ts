import type { CallSite } from '../diagnostics/call-site.js'
import { type FlightRecorder, QUEUED, SENT } from '../diagnostics/flight-recorder.js'
import { copy, copyRun, duplicate, type Memory } from '../memory/copy.js'
import type { Runs } from '../memory/runs.js'
import type { Transport } from '../transport/transport.js'
import { ANSWER, CLAIMED, type CREDIT, HEADER, LATER, type MATCHED, MOVES, REST, RETRACT, START, TAKEN, writeHeader } from './frame.js'
import type { Waiting } from './incoming.js'
import { MatchQueue } from './match-queue.js'
import { sendTime, tellsSends } from './message-observers.js'

/**
 * The way out to one rank: messages become segments, in order, as credit and room allow.
 *
 * A message of up to `EAGER_BYTES` goes at once, within the window of bytes that its receiver has granted. Of a longer one only the
 * envelope goes; its data follows when a receive has matched it, and is written straight to where it belongs. So what a receiver must keep
 * for messages that nobody has asked for yet is bounded by its window.
 */

export const EAGER_BYTES = 2 ** 16
/** What a message weighs in the window beside its data: its envelope and the objects that keep it. */
export const ENVELOPE_BYTES = 128
/** Shorter segments would overlap copying in and out better, but each costs a header and two counters. */
const SEGMENT_BYTES = 2 ** 15
/** Data written before the event loop gets its turn. */
const TURN_BYTES = 2 ** 22

/** The window of bytes that a rank grants each other rank. */
export const windowBytes = (size: number): number => Math.min(2 ** 19, Math.max(3 * EAGER_BYTES, 2 ** 25 / size))

/** Who sends a message. */
export interface Owner extends Waiting {
  /** It is out and, if synchronous, matched. */
  done(): void
  /** Nobody waits for it; it goes out even where its communicator is no more. */
  readonly unattended?: true
}

/** A message on its way out. */
export class Outgoing {
  gone = false
  id = 0
  sent = 0
  /** The answer of its receiver has come. */
  matched = false
  /** Of a collective: what was called, and on how much. */
  call = 0
  shape = 0
  /** It goes before what waits for credit, and without any. */
  ahead = false
  readonly context: number
  readonly tag: number
  readonly datatype: number
  readonly length: number
  /** The caller's own memory, until it is sent. */
  bytes: Memory
  /** Where it is in pieces: they are gathered as it goes. */
  runs: Runs | undefined
  /** Wants to know when it was matched. */
  readonly synchronous: boolean
  /** To be handed over whole. */
  readonly buffer: ArrayBuffer | undefined
  owner: Owner

  constructor(
    context: number,
    tag: number,
    datatype: number,
    bytes: Memory,
    synchronous: boolean,
    buffer: ArrayBuffer | undefined,
    owner: Owner,
    runs?: Runs
  ) {
    this.length = runs === undefined ? bytes.byteLength : runs.byteLength
    this.runs = runs
    this.context = context
    this.tag = tag
    this.datatype = datatype
    this.bytes = bytes
    this.synchronous = synchronous
    this.buffer = buffer
    this.owner = owner
  }

  /** The same, on memory of its own. */
  keep(): void {
    this.bytes = this.runs === undefined ? duplicate(this.bytes) : this.runs.packed()
    this.runs = undefined
  }

  get later(): boolean {
    return this.buffer !== undefined || this.length > EAGER_BYTES
  }
}

/** Sees a message out whose sender has done with it: somebody may count on its data, so the transport stays awake. */
class Caretaker implements Owner {
  #transport: Transport | undefined
  readonly #sender: Owner

  constructor(transport: Transport, sender: Owner) {
    this.#transport = transport
    this.#sender = sender
    transport.hold()
  }

  done(): void {
    this.#transport?.release()
    this.#transport = undefined
  }

  fail(): void {
    this.done()
  }

  giveUp(makeError: Parameters<Owner['giveUp']>[0]): void {
    void makeError(undefined)
    this.done()
  }

  get site(): CallSite | undefined {
    return this.#sender.site
  }

  describe(): string {
    return this.#sender.describe()
  }
}

/** Hears of messages on their way out, while somebody listens; `time` is before anything of them could be seen elsewhere. */
export type SendListener = (dest: number, context: number, tag: number, datatype: number, bytes: number, time: number) => void

/** What has gone from one rank to another. */
export interface SendTraffic {
  readonly messages: number
  /** Of their data. */
  readonly bytes: number
  /** Messages that wait for room or credit. */
  readonly queued: number
  /** Messages whose receive is not known of. */
  readonly unmatched: number
  /** Bytes that may still go before something is received; less than nothing where messages have gone ahead. */
  readonly credit: number
}

export class SendQueue {
  readonly dest: number
  readonly #transport: Transport
  /** What the receiver takes before it has received anything. */
  #credit: number
  /** All credit that it has ever given: less what is left, that is the weight of all that has gone, and costs a message nothing. */
  #granted: number
  /** Messages whose envelopes are out. */
  #messages = 0
  /** Data that is out and has needed no credit. */
  #laterBytes = 0
  /** The last message's: 32 bits, that go round. */
  #lastId = 0
  readonly #answers: { kind: number; id: number; tag: number; total: number }[] = []
  /** Short messages that go before the others. */
  readonly #ahead = new MatchQueue<Outgoing>()
  /** Messages whose envelope, or whose data that goes along, is not out yet. */
  readonly #queue = new MatchQueue<Outgoing>()
  /** Messages that a receive has matched and whose data is under way. */
  readonly #matched = new MatchQueue<Outgoing>()
  readonly #awaiting = new Map<number, Outgoing>()
  #closed = false
  #pumping = false
  /** There may be more to write than was looked at. */
  #more = false
  /** Whether buffers can be handed over whole. */
  readonly #moves: boolean
  readonly #sent: SendListener
  readonly #log: FlightRecorder | undefined

  constructor(transport: Transport, dest: number, window: number, sent: SendListener, log?: FlightRecorder) {
    this.#sent = sent
    this.#log = log
    this.#transport = transport
    this.dest = dest
    this.#credit = window
    this.#granted = window
    const { hosts, rank } = transport
    this.#moves = transport.move !== undefined && (hosts === undefined || hosts[dest] === hosts[rank])
  }

  /** Sends a message at once if it can go whole; false when it cannot, and nothing has happened. */
  sendNow(context: number, tag: number, datatype: number, bytes: Uint8Array, length: number, call = 0, shape = 0, runs?: Runs): boolean {
    const segment = this.#segmentBytes(length)
    if (length > segment || this.#credit < length + ENVELOPE_BYTES || this.#answers.length > 0 || !this.#queue.empty || !this.#ahead.empty)
      return false
    const slot = this.#transport.reserve(this.dest, HEADER + length)
    if (slot === undefined) return false
    writeHeader(slot, START, datatype, 0, context, tag, 0, length, call, shape)
    if (runs === undefined) copy(bytes, 0, slot.bytes, slot.at + HEADER, length)
    else runs.gather(0, length, slot.bytes, slot.at + HEADER)
    // Its receiver may have it before this rank goes on.
    const isTold = tellsSends()
    const time = isTold ? sendTime() : 0
    this.#transport.publish(this.dest)
    this.#credit -= length + ENVELOPE_BYTES
    this.#messages++
    this.#log?.note(SENT, this.dest, context, tag, length)
    if (isTold) this.#sent(this.dest, context, tag, datatype, length, time)
    return true
  }

  /**
   * Says something at once, in one segment, ahead of what waits for credit and without any: as `sendAhead`, and without memory for it.
   * False where there is no room, and nothing has happened. `along`: bytes that follow what is said.
   */
  sayNow(
    context: number,
    tag: number,
    datatype: number,
    said: Uint8Array,
    along: Uint8Array | undefined,
    call: number,
    shape: number
  ): boolean {
    const { length } = said
    const total = length + (along?.length ?? 0)
    if (total > this.#longest || this.#answers.length > 0 || !this.#ahead.empty) return false
    const slot = this.#transport.reserve(this.dest, HEADER + total)
    if (slot === undefined) return false
    writeHeader(slot, START, datatype, 0, context, tag, 0, total, call, shape)
    copy(said, 0, slot.bytes, slot.at + HEADER, length)
    if (along !== undefined) copy(along, 0, slot.bytes, slot.at + HEADER + length, along.length)
    const isTold = tellsSends()
    const time = isTold ? sendTime() : 0
    this.#transport.publish(this.dest)
    this.#credit -= total + ENVELOPE_BYTES
    this.#messages++
    this.#log?.note(SENT, this.dest, context, tag, total)
    if (isTold) this.#sent(this.dest, context, tag, datatype, total, time)
    return true
  }

  /** Sends a message when it can go. */
  send(message: Outgoing): void {
    message.id = this.#freshId()
    this.#queue.push(message)
    this.#tell(message)
    this.pump()
  }

  /**
   * Sends a short message ahead of what waits for credit: its receiver takes it at once, and may take nothing else before it has it. What
   * is too long for a segment goes as any other.
   */
  sendAhead(message: Outgoing): void {
    if (message.length > this.#longest) return this.send(message)
    message.ahead = true
    message.id = this.#freshId()
    this.#ahead.push(message)
    this.#tell(message)
    this.pump()
  }

  /** Before anything of it is written: what its sender does once it is out is told after it. */
  #tell({ context, tag, datatype, length }: Outgoing): void {
    this.#log?.note(QUEUED, this.dest, context, tag, length)
    if (tellsSends()) this.#sent(this.dest, context, tag, datatype, length, sendTime())
  }

  /** Tells the peer something about a message of its own, or its credit. */
  answer(kind: typeof MATCHED | typeof RETRACT | typeof CREDIT, id: number, tag = 0, total = 0): void {
    if (this.#closed) return
    this.#answers.push({ kind, id, tag, total })
    this.pump()
  }

  /** The peer's receive has matched a message. */
  onMatched(id: number, outcome: number): void {
    const message = this.#awaiting.get(id)
    if (message === undefined) return
    if (outcome === CLAIMED) {
      if (message.synchronous) this.#takeCare(message).done()
      return
    }
    this.#awaiting.delete(id)
    message.matched = true
    if (outcome === TAKEN && message.buffer !== undefined && this.#moves) {
      this.#transport.move!(this.dest, id, message.buffer)
      this.#laterBytes += message.length
      message.owner.done()
    } else if (outcome === TAKEN && message.later) {
      this.#matched.push(message)
      this.pump()
    } else if (message.later || message.sent === message.length) {
      message.owner.done()
    }
  }

  onCredit(more: number): void {
    this.#credit += more
    this.#granted += more
    this.pump()
  }

  /**
   * Takes a message back. True when nothing of it was sent; else the peer is asked, and `onMatched` tells what became of it.
   */
  retract(message: Outgoing): boolean {
    if (!message.matched && message.sent === 0 && !this.#awaiting.has(message.id)) {
      message.gone = true
      const queue = message.ahead ? this.#ahead : this.#queue
      queue.left()
      return true
    }
    this.#takeCare(message)
    if (this.#awaiting.has(message.id)) this.answer(RETRACT, message.id)
    return false
  }

  /** The next messages have the ids after this one. For tests: it is a long way round. */
  startAt(id: number): void {
    this.#lastId = id
  }

  /** One that no message has which waits for an answer; 0 is of those that go whole and at once. */
  #freshId(): number {
    do this.#lastId = (this.#lastId + 1) | 0
    while (this.#lastId === 0 || this.#awaiting.has(this.#lastId))
    return this.#lastId
  }

  /** Frees the owner of a message from waiting for it: the data is copied, since it may change from now on. */
  #takeCare(message: Outgoing): Owner {
    const { owner } = message
    if (message.buffer === undefined) message.keep()
    message.owner = new Caretaker(this.#transport, owner)
    return owner
  }

  /** The messages that are not out yet, or not matched. */
  unfinished(): Set<Outgoing> {
    return new Set([...this.#ahead, ...this.#queue, ...this.#matched, ...this.#awaiting.values()])
  }

  /** What has gone this way so far, and what is left to go. */
  get traffic(): SendTraffic {
    let queued = 0
    for (const queue of [this.#ahead, this.#queue, this.#matched]) for (const _ of queue) queued++
    return {
      messages: this.#messages,
      bytes: this.#granted - this.#credit - ENVELOPE_BYTES * this.#messages + this.#laterBytes,
      queued,
      unmatched: this.#awaiting.size,
      credit: this.#credit
    }
  }

  /** The peer is gone. */
  close(): void {
    this.#closed = true
    for (const message of this.unfinished()) message.gone = true
    this.#awaiting.clear()
    this.#answers.length = 0
  }

  /** Whether all that was given to it is out. */
  get empty(): boolean {
    return this.#answers.length === 0 && this.#ahead.empty && this.#queue.empty && this.#matched.empty && this.#awaiting.size === 0
  }

  /**
   * Writes what can go now: answers first, then messages that go ahead, then the others in order, between them a segment of matched ones.
   * True when anything went.
   */
  pump(): boolean {
    // Whoever has waited until its message was out may send the next at once: that is written here, and not within the call, however many
    // there are.
    this.#more = true
    if (this.#pumping) return false
    this.#pumping = true
    let budget = TURN_BYTES
    let any = false
    try {
      while (this.#more && budget > 0) {
        this.#more = false
        while (this.#pumpAnswer()) any = true
        if (this.#answers.length > 0) return any
        while (this.#pumpAhead()) any = true
        if (!this.#ahead.empty) return any
        while (!this.#more && budget > 0) {
          const written = this.#pumpQueue() + this.#pumpMatched()
          if (written === 0) break
          budget -= written
          any = true
        }
      }
    } finally {
      this.#pumping = false
    }
    if (budget <= 0) this.#transport.again(this.dest)
    return any
  }

  #pumpAnswer(): boolean {
    const answer = this.#answers[0]
    if (answer === undefined) return false
    const slot = this.#transport.reserve(this.dest, HEADER)
    if (slot === undefined) return false
    writeHeader(slot, answer.kind, 0, 0, 0, answer.tag, answer.id, answer.total, 0, 0)
    this.#transport.publish(this.dest)
    this.#answers.shift()
    return true
  }

  #pumpAhead(): boolean {
    const message = this.#ahead.first()
    if (message === undefined) return false
    const { datatype, context, tag, id, length, call, shape } = message
    const slot = this.#transport.reserve(this.dest, HEADER + length)
    if (slot === undefined) return false
    writeHeader(slot, START, datatype, 0, context, tag, id, length, call, shape)
    if (message.runs === undefined) copy(message.bytes as Uint8Array, 0, slot.bytes, slot.at + HEADER, length)
    else message.runs.gather(0, length, slot.bytes, slot.at + HEADER)
    this.#transport.publish(this.dest)
    // The receiver counts it as it counts any, so this may leave less than nothing.
    this.#credit -= length + ENVELOPE_BYTES
    this.#messages++
    this.#ahead.shift()
    message.owner.done()
    return true
  }

  #pumpQueue(): number {
    const message = this.#queue.first()
    if (message === undefined) return 0
    if (message.sent > 0) return this.#writeRest(message, this.#queue)
    const share = message.later ? 0 : Math.min(message.length, this.#segmentBytes(message.length))
    const weight = ENVELOPE_BYTES + (message.later ? 0 : message.length)
    if (this.#credit < weight) return 0
    const slot = this.#transport.reserve(this.dest, HEADER + share)
    if (slot === undefined) return 0
    const answered = message.later || message.synchronous
    const flags = (answered ? ANSWER : 0) | (message.later ? LATER : 0) | (message.buffer && this.#moves ? MOVES : 0)
    const { datatype, context, tag, id, length, call, shape } = message
    writeHeader(slot, START, datatype, flags, context, tag, id, length, call, shape)
    if (message.runs === undefined) copy(message.bytes as Uint8Array, 0, slot.bytes, slot.at + HEADER, share)
    else message.runs.gather(0, share, slot.bytes, slot.at + HEADER)
    this.#transport.publish(this.dest)
    this.#credit -= weight
    this.#messages++
    message.sent = share
    if (answered) this.#awaiting.set(message.id, message)
    if (message.later || share === message.length) this.#queue.shift()
    if (!answered && share === message.length) message.owner.done()
    return HEADER + share
  }

  #pumpMatched(): number {
    const message = this.#matched.first()
    return message === undefined ? 0 : this.#writeRest(message, this.#matched)
  }

  #writeRest(message: Outgoing, queue: MatchQueue<Outgoing>): number {
    const share = Math.min(message.length - message.sent, this.#segmentBytes(message.length))
    const slot = this.#transport.reserve(this.dest, HEADER + share)
    if (slot === undefined) return 0
    writeHeader(slot, REST, 0, 0, 0, 0, message.id, 0, 0, 0)
    if (message.runs === undefined) copyRun(message.bytes, message.sent, slot.bytes, slot.at + HEADER, share)
    else message.runs.gather(message.sent, share, slot.bytes, slot.at + HEADER)
    this.#transport.publish(this.dest)
    message.sent += share
    if (message.later) this.#laterBytes += share
    if (message.sent === message.length) {
      queue.shift()
      if (message.matched || !message.synchronous) message.owner.done()
    }
    return HEADER + share
  }

  /** The most data that fits a segment. */
  get #longest(): number {
    return this.#transport.maxSegment - HEADER
  }

  #segmentBytes(length: number): number {
    return Math.min(this.#longest, Math.max(SEGMENT_BYTES, (length >> 2) & ~15))
  }
}

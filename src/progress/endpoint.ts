import { isKnown, isScalar, NUMBER } from '../codec/datatype.js'
import { references } from '../codec/reference.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { failures, receives, sends } from '../diagnostics/channels.js'
import { debug } from '../diagnostics/debug.js'
import { type FlightRecorder, GONE, RECEIVED } from '../diagnostics/flight-recorder.js'
import { ProtocolError } from '../errors.js'
import type { SegmentReceiver, Slot, Transport } from '../transport/transport.js'
import { type Context, isSought, show, waitingIn } from './context.js'
import { CONTEXTS, IdSource, WORLD } from './context-ids.js'
import { ContextRegistry, type Membership } from './context-registry.js'
import {
  ANSWERED,
  CLAIMED,
  CREDIT,
  callOf,
  contextOf,
  DISCARDED,
  datatypeAt,
  flagsOf,
  HEADER,
  idOf,
  kindOf,
  MATCHED,
  REST,
  RETRACT,
  RETRACTED,
  START,
  shapeOf,
  TAKEN,
  tagOf,
  totalOf
} from './frame.js'
import { AT_ONCE, Incoming, nobody, type Taker, type Waiting } from './incoming.js'
import type { JobServices, Process } from './job-services.js'
import type { MatchListener } from './match-listener.js'
import { MemoryInUse } from './memory-in-use.js'
import { MessageReport } from './message-event.js'
import { now, observers, tellsReceives } from './message-observers.js'
import { OverlookedCalls } from './overlooked.js'
import { PeerState, weight } from './peer-state.js'
import { type Gone, GoneRanks, MemberGone } from './rank-failure.js'
import type { SendListener, SendQueue } from './send-queue.js'

/** Something that has to be freed, and what is held of it. */
export interface Unfreed {
  readonly name: string
  readonly site: CallSite | undefined
  /** By default a communicator. */
  readonly kind?: string
  /** It is not of the program's making. */
  readonly isGiven?: boolean
  readonly holdings?: readonly Holding[]
}

/** Who tells other ranks of failures, and hears of them: what the endpoint has for it. */
export interface FailureListener {
  /** A rank is no more. */
  gone(): void
  /** There will be no such communicator. */
  forget(id: number): void
}

/** What a rank holds that others may wait for. */
export interface Holding {
  /** "mutex 'world.mutex(1)'" */
  describe(): string
  readonly site: CallSite | undefined
}

/** One rank's end of all that it exchanges: turns segments into messages and brings messages and receives together, in any context. */
export class Endpoint implements SegmentReceiver {
  readonly transport: Transport
  readonly log: FlightRecorder | undefined
  /** The ids that this rank gives to new communicators. */
  readonly ids: IdSource
  readonly registry: ContextRegistry
  /** The ranks that this one has exchanged something with, for of many thousands it talks to few. */
  readonly #known: PeerState[] = []
  /** The same by rank, with holes. */
  readonly #peers: PeerState[] = []
  readonly #gone = new GoneRanks()
  /** Collectives that ranks have called differently. */
  readonly disputes = new Set<{ readonly verdict: Error | undefined; readonly isHeard: boolean }>()
  /** Made with the first communicator. */
  failureNotices: FailureListener | undefined
  /** What has to be freed and was not yet: communicators, or what they say they are. */
  readonly unfreed = new Set<Unfreed>()
  /** Who waits until all messages of a context are received. */
  readonly #unreceived = new Set<() => void>()
  /** Where the program has called the send that is about to be told of. */
  sendSite: CallSite | undefined
  readonly #sent: SendListener = (dest, context, tag, datatype, bytes, time) => {
    const site = this.sendSite
    this.sendSite = undefined
    for (const observer of observers) observer.sent(this, context, dest, bytes, site, tag, datatype, time)
    if (sends.hasSubscribers)
      sends.publish(new MessageReport(this, this.transport.rank, dest, context, tag, datatype, bytes, time, undefined, site))
  }
  /** What this rank holds that others may wait for: locks, turns. */
  readonly held = new Set<Holding>()
  /** Calls that have given something at which the program has not looked yet. */
  readonly overlooked = new OverlookedCalls()
  /** The memory that calls of this rank are on. */
  memoryInUse = new MemoryInUse()
  /** Who sees which message meets which receive. */
  matches: MatchListener | undefined
  #arrivals = 0
  /** The transport's last look of which a message was told, and when that was. */
  #look: number | undefined
  #lookTime = 0
  /** Shared memory that has come, and who waits for some; by its owner and a number that both know. */
  readonly #memory = new Map<string, readonly SharedArrayBuffer[]>()
  readonly #memoryTakers = new Map<string, (memory: readonly SharedArrayBuffer[]) => void>()

  /** Who each rank is beyond this fabric; where it is the first world of a job, its ranks are those numbers. */
  processes: readonly Process[] | undefined
  /** Which of the job's fabrics this is, in the reports of what is sent: the same for all its ranks, and no other's. */
  fabric = 'world'
  /** What starts ranks, and joins those of several worlds; absent where there is no such thing. */
  job: JobServices | undefined
  /** Both groups of a fabric have closed what joins them: unless there is more, nothing comes any more. */
  closed: () => void = () => undefined

  /** Ends the job; the launcher's rank knows how. */
  abort: (code: number, reason: string | undefined) => never = (code) => process.exit(code)

  /** `log`: keeps what it has done last. */
  constructor(transport: Transport, log?: FlightRecorder) {
    this.transport = transport
    this.log = log
    this.ids = new IdSource(transport.rank, transport.size)
    this.registry = new ContextRegistry(transport.size)
    references.here = this
    transport.attach(this)
  }

  /** The way out to a rank. */
  link(rank: number): SendQueue {
    return this.#peer(rank).sendQueue
  }

  /** The context of something on this rank; messages may have come before it was there. */
  context(id: number): Context {
    return this.registry.get(id)
  }

  /** A communicator is there from now on. */
  use(id: number, by: Membership): void {
    this.registry.use(id, by)
    this.log?.name(id, by.name)
  }

  /** For a report: ' on 'world.dup(1)'', which goes without saying where there is but the world. */
  on(id: number): string {
    if (id === WORLD && this.registry.isWorldOnly) return ''
    const communicator = this.registry.communicator(id)
    return ` on ${communicator === undefined ? 'a communicator that is not there' : `'${communicator.name}'`}`
  }

  /** The rank in a communicator of one of the endpoint's. */
  rankIn(id: number, member: number): number {
    return this.registry.communicator(id)?.rankOf(member) ?? member
  }

  /** This rank is not in a communicator, or not any more: there will be no other with these contexts. */
  disuse(id: number): void {
    this.registry.retire(id)
  }

  /** A communicator is in the making, of which others may speak before it is there. Returns what to call when it is, or will not be. */
  expectCommunicator(): () => void {
    const order = this.registry.begin()
    return () => {
      for (const id of this.registry.end(order)) {
        this.#drop(this.registry.close(id))
        this.failureNotices?.forget(id)
      }
    }
  }

  /** Nothing goes on in a communicator: fails all that waits in its contexts, and drops what comes. */
  release(id: number, makeError: () => Error): void {
    const own = (context: number): boolean => context >= id && context < id + CONTEXTS
    const waiting: Waiting[] = []
    const contexts = this.registry.close(id)
    for (const { matching, probes, halves = [] } of contexts) waiting.push(...matching.waiting(), ...probes, ...halves)
    this.#drop(contexts)
    for (const { sendQueue, partial } of this.#known) {
      for (const { taker, context } of partial.values()) if (taker !== undefined && own(context)) waiting.push(taker)
      for (const message of sendQueue.unfinished()) {
        if (!own(message.context) || message.owner.unattended === true) continue
        waiting.push(message.owner)
        sendQueue.retract(message)
      }
    }
    for (const operation of waiting) operation.fail(makeError())
  }

  /** All that waits for other ranks, or only what waits for `rank`. */
  *waiting(rank?: number): Generator<Waiting> {
    for (const [waiting] of this.waitingFor(rank)) yield waiting
  }

  /** The same with whom each waits for, which may be `ANY_SOURCE`. */
  *waitingFor(rank?: number): Generator<readonly [Waiting, number]> {
    for (const context of this.registry.all()) for (const waiting of waitingIn(context, rank)) yield [waiting, waiting.peer]
    for (const peer of rank === undefined ? this.#known : [this.#peer(rank)]) {
      for (const { taker } of peer.partial.values()) if (taker !== undefined) yield [taker, peer.rank]
      for (const { owner } of peer.sendQueue.unfinished()) yield [owner, peer.rank]
    }
  }

  /** The ranks that this one has exchanged something with. */
  get peers(): readonly PeerState[] {
    return this.#known
  }

  /** The messages that have come and that nobody has received. */
  *unreceived(): Generator<Incoming> {
    for (const { matching } of this.registry.all()) yield* matching.unreceived()
  }

  /** The ranks that have failed, in the order of the news. */
  get failures(): readonly number[] {
    return this.#gone.failures
  }

  /** How a rank came to be no more, or undefined. */
  whyGone(rank: number): Gone | undefined {
    return this.#gone.why(rank)
  }

  /** Whether all sends are out. */
  get flushed(): boolean {
    return this.#known.every(({ sendQueue }) => sendQueue.empty)
  }

  /** Gives a receive the message that waits for it; false when there is none. */
  receiveNow(context: Context, taker: Taker): boolean {
    const message = context.matching.find(taker.peer, taker.tag)
    if (message === undefined) return false
    this.matches?.found(this, context, taker, message)
    this.take(context, message)
    this.assign(message, taker)
    return true
  }

  /** Lets a receive wait for its message. */
  post(context: Context, taker: Taker): void {
    if (taker.since === AT_ONCE) taker.since = now()
    context.matching.post(taker)
    this.seek(taker.peer)
  }

  /** Calls back as soon as all messages that have come in a context are received; returns what to call to hear of it no more. */
  whenReceived(context: number, done: () => void): () => void {
    const look = (): void => {
      if (this.context(context).matching.kept > 0) return
      for (const { partial } of this.#known) for (const message of partial.values()) if (message.context === context) return
      if (this.#unreceived.delete(look)) done()
    }
    this.#unreceived.add(look)
    look()
    return () => this.#unreceived.delete(look)
  }

  /** A message has got to who takes it. */
  #finished(): void {
    for (const look of [...this.#unreceived]) look()
  }

  /**
   * Somebody wants a message that has not come. It may be behind others that fill the window and that nobody wants, and MPI promises that
   * it comes (MPI 4.1 §3.5, progress). So the window grows while that lasts.
   */
  seek(peer: number): void {
    if (peer >= 0) this.#widen(peer)
    else for (const { rank } of this.#known) this.#widen(rank)
  }

  /** Takes an unexpected message out of its queue, so that it matches nothing else. */
  take(context: Context, message: Incoming): void {
    context.matching.take(message)
    this.#consumed(message)
  }

  /** Brings a message that has come and its taker together. */
  assign(message: Incoming, taker: Taker): void {
    if (taker.claims) {
      if (!message.later) this.#answer(message, TAKEN)
      else if (message.answer) this.link(message.source).answer(MATCHED, message.id, CLAIMED)
      taker.finish(message)
      return
    }
    const wanted = taker.accept(message)
    // The answer may let a send of our own go, and so run user code, which may poll and find the data.
    this.#await(message, taker, wanted)
    this.#answer(message, wanted ? TAKEN : DISCARDED)
  }

  /**
   * A taker that has not got its message any more wants it no longer: one that is under way to it goes to the next, or back to its place.
   */
  giveBack(taker: Taker): void {
    for (const { partial } of this.#known) {
      for (const message of partial.values()) {
        if (message.taker !== taker) continue
        message.taker = undefined
        if (!message.isWanted) return
        message.leave()
        this.offer(message)
        return
      }
    }
  }

  /** A taker is no more: what is under way to it is only counted. */
  forsake(taker: Taker): void {
    for (const message of this.#peer(taker.peer).partial.values()) {
      if (message.taker !== taker) continue
      message.taker = undefined
      message.target = undefined
      message.sink = undefined
    }
  }

  /** Gives a message that its taker had no use for to the next, or keeps it in its old place. */
  offer(message: Incoming): void {
    const context = this.registry.find(message.context)
    message.taker = undefined
    if (context === undefined) return this.assign(message, nobody(message.tag))
    const { matching } = context
    const taker = matching.match(message.source, message.tag)
    if (taker === undefined) matching.putBack(message)
    show(message, context, taker)
    if (taker !== undefined) this.assign(message, taker)
  }

  segment(source: number, slot: Slot): void {
    references.here = this
    switch (kindOf(slot)) {
      case START:
        return this.#start(source, slot)
      case REST:
        return this.#rest(source, slot)
      case MATCHED:
        return this.link(source).onMatched(idOf(slot), tagOf(slot))
      case CREDIT:
        return this.link(source).onCredit(totalOf(slot))
      case RETRACT:
        return this.#retracted(source, idOf(slot))
      case ANSWERED:
        return this.#answered(source, slot)
      default:
        throw new ProtocolError(`a segment of unknown kind ${kindOf(slot)} came from rank ${source}`)
    }
  }

  room(dest: number): boolean {
    return this.link(dest).pump()
  }

  moved(source: number, id: number, buffer: ArrayBuffer): void {
    const message = this.#peer(source).partial.get(id)
    if (message === undefined) return
    this.#peer(source).partial.delete(id)
    this.transport.expect?.(source, -1)
    try {
      message.takeOver(buffer)
    } catch (cause) {
      message.lose(cause)
    }
    this.#finish(message)
  }

  shared(source: number, id: number, memory: readonly SharedArrayBuffer[]): void {
    const key = `${source} ${id}`
    const taker = this.#memoryTakers.get(key)
    if (taker === undefined) this.#memory.set(key, memory)
    else {
      this.#memoryTakers.delete(key)
      taker(memory)
    }
  }

  /** Takes memory that a rank of this host lets this one have, once it has come; returns how to want it no more. */
  takeShared(source: number, id: number, taker: (memory: readonly SharedArrayBuffer[]) => void): () => void {
    const key = `${source} ${id}`
    const memory = this.#memory.get(key)
    this.#memory.delete(key)
    if (memory !== undefined) {
      taker(memory)
      return () => undefined
    }
    const end = (): void => this.transport.expect?.(source, -1)
    this.transport.expect?.(source, 1)
    this.#memoryTakers.set(key, (come) => {
      end()
      taker(come)
    })
    return () => {
      if (this.#memoryTakers.delete(key)) end()
    }
  }

  gone(rank: number, reason: string, failed = false): void {
    const { hosts, hostNames } = this.transport
    const gone: Gone = { reason, failed, host: hosts && hostNames?.[hosts[rank]!] }
    this.#gone.add(rank, gone)
    this.log?.note(GONE, rank, 0, 0, 0)
    debug('rank %d hears that rank %d %s', this.transport.rank, rank, reason)
    if (failed && failures.hasSubscribers) failures.publish({ rank: this.transport.rank, failed: rank, host: gone.host, reason })
    const waiting = [...this.waiting(rank)]
    this.link(rank).close()
    for (const { moves } of this.#peer(rank).partial.values()) if (moves) this.transport.expect?.(rank, -1)
    this.#peer(rank).partial.clear()
    // Who is told first that a rank has failed may say that it knows.
    const communicators = failed ? [...this.registry.members()] : []
    for (const communicator of communicators) communicator.announce(rank)
    for (const operation of waiting) operation.fail(new MemberGone(rank, gone))
    for (const context of [...this.registry.all()]) context.gone?.(rank, reason)
    for (const communicator of communicators) communicator.lose(rank)
    this.failureNotices?.gone()
  }

  #peer(rank: number): PeerState {
    let peer = this.#peers[rank]
    if (peer === undefined) {
      peer = new PeerState(this.transport, rank, this.#sent, this.log)
      this.#peers[rank] = peer
      this.#known.push(peer)
    }
    return peer
  }

  #start(source: number, slot: Slot): void {
    const datatype = datatypeAt(slot)
    if (!isKnown(datatype)) throw new ProtocolError(`a message of unknown datatype ${datatype} came from rank ${source}`)
    if (datatype === NUMBER && totalOf(slot) !== 8) throw new ProtocolError(`a number of ${totalOf(slot)} bytes came from rank ${source}`)
    const share = slot.length - HEADER
    const message = new Incoming(this.#arrivals++, source, tagOf(slot), contextOf(slot), datatype, totalOf(slot), idOf(slot), flagsOf(slot))
    message.call = callOf(slot)
    message.shape = shapeOf(slot)
    const context = this.registry.find(message.context)
    const taker = context === undefined ? nobody(message.tag) : (context.listener?.(message) ?? context.matching.match(source, message.tag))
    if (this.matches !== undefined && context !== undefined) this.matches.came(this, context, taker, message)
    const peer = this.#peer(source)
    peer.window.arrive(weight(message))
    if (taker === undefined || taker.claims) {
      if (datatype === NUMBER && share === message.bytes) message.keepNumber(slot, slot.at + HEADER)
      else {
        if (!message.later) message.keep()
        message.add(slot, slot.at + HEADER, share)
      }
      if (!message.later && !message.complete) keepPartial(peer, message)
      if (taker === undefined) {
        context!.matching.keep(message)
        context!.unexpected?.(message)
        if (peer.window.exhausted && this.#isSought(source)) this.#widen(source)
      }
    }
    if (context !== undefined && context.probes.length > 0) show(message, context, taker)
    if (taker === undefined) return
    if (taker.claims) this.assign(message, taker)
    else {
      if (isScalar(datatype) && share === message.bytes) message.borrow(slot, slot.at + HEADER)
      const wanted = taker.accept(message)
      if (!message.complete) this.#add(message, slot, share, taker)
      // The slot is read by now: what is told to the sender may let a send of our own go, and so run user code, which may poll.
      this.#await(message, taker, wanted, slot)
      this.#answer(message, wanted ? TAKEN : DISCARDED)
    }
    this.#consumed(message)
  }

  /** Finishes a matched message, now or when all its data has come; `slot` is where it has come just now. */
  #await(message: Incoming, taker: Taker, wanted: boolean, slot?: Slot): void {
    if (message.complete || (message.later && !wanted)) {
      if (wanted) this.log?.note(RECEIVED, message.source, message.context, message.tag, message.bytes)
      // Before the program goes on with it: what that sends comes later.
      if (wanted && tellsReceives()) this.#received(message, taker, this.#timeOf(slot))
      taker.finish(message)
      if (this.#unreceived.size > 0) this.#finished()
      return
    }
    const reason = this.#gone.why(message.source)
    if (reason !== undefined) return taker.fail(new MemberGone(message.source, reason))
    if (taker.since === AT_ONCE) taker.since = now()
    message.taker = taker
    if (keepPartial(this.#peer(message.source), message) && message.moves) this.transport.expect?.(message.source, 1)
  }

  /** The last of its data has come. A message may outlive what took it, which it must not keep from the collector. */
  #finish(message: Incoming, slot?: Slot): void {
    const { taker } = message
    message.taker = undefined
    if (taker === undefined) return
    this.log?.note(RECEIVED, message.source, message.context, message.tag, message.bytes)
    if (tellsReceives()) this.#received(message, taker, this.#timeOf(slot))
    taker.finish(message)
    if (this.#unreceived.size > 0) this.#finished()
  }

  #received({ source, context, tag, datatype, bytes }: Incoming, { since, site }: Taker, come: number): void {
    // Who is asked for while what has come is delivered was not waited for.
    const time = since === undefined ? come : Math.max(come, since)
    const waited = since === undefined ? -1 : since === AT_ONCE ? 0 : time - since
    for (const observer of observers) observer.received(this, context, time, waited, site, source, tag, datatype, bytes)
    if (!receives.hasSubscribers) return
    const told = waited < 0 ? undefined : waited
    receives.publish(new MessageReport(this, source, this.transport.rank, context, tag, datatype, bytes, time, told, site))
  }

  /** When what is in a slot had come: the clock is read once for all that the transport has seen in one look. */
  #timeOf(slot: Slot | undefined): number {
    if (slot?.look === undefined) return now()
    if (slot.look !== this.#look) {
      this.#look = slot.look
      this.#lookTime = now()
    }
    return this.#lookTime
  }

  #answer(message: Incoming, outcome: number): void {
    if (!message.answer) return
    message.answer = false
    this.link(message.source).answer(MATCHED, message.id, outcome)
  }

  /** The main thread of a rank's host has answered for it: the rank knows nothing of that, so nothing is counted. */
  #answered(source: number, slot: Slot): void {
    const bytes = totalOf(slot)
    const message = new Incoming(this.#arrivals++, source, tagOf(slot), contextOf(slot), datatypeAt(slot), bytes, 0, 0)
    message.shape = shapeOf(slot)
    const taker = this.registry.find(message.context)?.listener?.(message)
    if (taker?.accept(message) === true) message.add(slot, slot.at + HEADER, bytes)
    this.link(source).onCredit(idOf(slot))
    taker?.finish(message)
  }

  #rest(source: number, slot: Slot): void {
    const message = this.#peer(source).partial.get(idOf(slot))
    if (message === undefined) return
    this.#add(message, slot, slot.length - HEADER, message.taker)
    if (!message.complete) return
    this.#peer(source).partial.delete(message.id)
    this.#finish(message, slot)
  }

  /** Takes over a segment's data. Where that fails, for its place is gone or its taker cannot use it, it is only counted. */
  #add(message: Incoming, slot: Slot, share: number, taker: Taker | undefined): void {
    try {
      message.add(slot, slot.at + HEADER, share)
    } catch (cause) {
      message.lose(cause, taker)
      message.add(slot, slot.at + HEADER, share)
    }
  }

  /** The sender takes a message back: it may, as long as nobody has matched it. */
  #retracted(source: number, id: number): void {
    for (const context of this.registry.all()) {
      for (const message of context.matching.unexpected(source)) {
        if (message.id !== id) continue
        this.take(context, message)
        this.#peer(source).partial.delete(id)
        this.link(source).answer(MATCHED, id, RETRACTED)
        return
      }
    }
  }

  #consumed(message: Incoming): void {
    const granted = this.#peer(message.source).window.consume(weight(message))
    if (granted > 0) this.link(message.source).answer(CREDIT, 0, 0, granted)
  }

  #widen(source: number): void {
    const window = this.#peer(source).window
    if (window.exhausted) this.link(source).answer(CREDIT, 0, 0, window.widen())
  }

  /** Whether somebody waits, in any context, for a message that this source may send. */
  #isSought(source: number): boolean {
    for (const context of this.registry.all()) if (isSought(context, source)) return true
    return false
  }

  /** Nobody will receive what has come in these contexts. */
  #drop(contexts: readonly Context[]): void {
    for (const context of contexts) {
      for (const message of [...context.matching.unreceived()]) {
        this.take(context, message)
        this.assign(message, nobody(message.tag))
      }
    }
  }
}

/** More of a message is to come, by its id. True when it was not known of. */
function keepPartial({ rank, partial }: PeerState, message: Incoming): boolean {
  const known = partial.get(message.id)
  if (known === message) return false
  if (known !== undefined) throw new ProtocolError(`two messages under way from rank ${rank} have the same number ${message.id}`)
  partial.set(message.id, message)
  return true
}

import type { CommunicatorCore, Root } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { type CollectiveEvent, collectives } from '../diagnostics/channels.js'
import { BEGUN, BROKEN_OFF as BROKEN, ENDED_WELL } from '../diagnostics/flight-recorder.js'
import { ArgumentError } from '../errors.js'
import { TagTable } from '../memory/tag-table.js'
import type { AnyOp } from '../op/op.js'
import type { Context } from '../progress/context.js'
import { COLLECTIVES, CONTROL, SECOND_LANE } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import { type Incoming, nobody, type Waiting } from '../progress/incoming.js'
import type { Board } from '../transport/board.js'
import { ASIDE, Call, type CallOptions, cycleOf, type Form, isSame, isSingle, oppositeOf, placeOf, type Signature } from './call.js'
import { ALARM, ASKED, BARRIER, CALLED, FAILURE, type Kind, NO_NOTE, OVER, PASSED_ON, TOLD } from './control-messages.js'
import type { Definition, Make, PlanOptions } from './definition.js'
import { type Alarm, Mismatch } from './mismatch.js'
import { Plans } from './plan.js'

/** A subscription of a call that is under way on this rank. */
export interface Party extends Waiting {
  readonly peer: number
  readonly waits: boolean
  readonly call: Call
  readonly tag: number
  /** Another whose tag has the same place. */
  next: Party | undefined
  /** Other ranks that are known to have called the same. */
  readonly met: readonly number[]
  hear(kind: Kind, from: number, saying: unknown): void
  /** Another rank has called the method. */
  single(): void
  /** Of one that waits at a board: another rank sends messages. */
  byMessages?(): void
  /** A rank is no more. */
  gone(): void
  /** All collectives of the communicator are over. */
  stop(error: Error): void
}

/** What the collectives mean on a communicator where that is not the usual: between two groups. */
export interface Dialect {
  makeOf<T, R>(make: Make<T, R>): Make<T, R>
  rootOf(root: Root | undefined): number | undefined
}

interface Early {
  readonly kind: Kind
  readonly from: number
  /** What the other has called. */
  readonly call: number
  readonly saying: unknown
}

/** Calls that a report of a mismatch can still tell. */
const REMEMBERED = 64
/** Broken off subscriptions whose late messages are known for what they are. */
const BROKEN_OFF = 4096

const isKind = (kind: number): kind is Kind => [CALLED, PASSED_ON, TOLD, FAILURE, OVER, BARRIER, ASKED, NO_NOTE].includes(kind as Kind)

/** The collectives that a rank has called on a communicator, in order, and those of them that are under way. */
export class CallRegistry {
  readonly comm: CommunicatorCore
  /** What the methods call. */
  readonly plans = new Plans(this)
  /** What waits for a word of other ranks. */
  readonly unsaid = new Set<Waiting & { readonly peer: number; readonly waits: boolean }>()
  /** Where its data comes. */
  readonly #contexts: readonly Context[]
  readonly #dialect: Dialect | undefined
  #board: Board | undefined
  readonly #mayHaveBoard: boolean
  readonly #recent: Call[] = []
  /** Persistent calls, by their places. */
  readonly #kept = new Map<number, Call>()
  readonly #parties = new TagTable<Party>()
  /** What others have said of subscriptions that they have begun and this rank has not. */
  readonly #sayings = new Map<number, Early[]>()
  readonly #brokenOff = new Set<number>()
  /** The last of them, each in the place of the one that is forgotten for it. */
  readonly #lastBrokenOff: number[] = []
  #brokenOffs = 0
  #calls = 0
  /** When they have begun, where somebody listened. */
  readonly #beginnings = new WeakMap<Party, number>()
  #dispute: Mismatch | undefined
  #isBroken = false

  constructor(comm: CommunicatorCore, dialect?: Dialect) {
    this.comm = comm
    this.#dialect = dialect
    const { boards } = comm.endpoint.transport
    this.#mayHaveBoard = boards !== undefined && dialect === undefined && comm.size > 1
    comm.attach({
      breakOff: (makeError) => this.breakOff(makeError()),
      lose: () => this.breakOff(comm.failedMembers.error!),
      release: () => {
        boards?.leave(comm.id, comm.members)
        for (const { sequence } of this.#kept.values()) boards?.leave(comm.id, comm.members, sequence)
      }
    })
    const lanes = dialect === undefined ? [COLLECTIVES] : [COLLECTIVES, SECOND_LANE]
    this.#contexts = lanes.map((lane) => comm.endpoint.context(comm.id + lane))
    for (const context of this.#contexts) {
      context.listener = (message) => {
        const { tag } = message
        if (!this.#isUnwanted(tag)) return undefined
        this.#compare(message)
        return nobody(tag)
      }
      context.unexpected = (message) => this.#compare(message)
    }
    const control = comm.endpoint.context(comm.id + CONTROL)
    const { unsaid } = this
    const parties = this.#parties
    control.halves = {
      *[Symbol.iterator]() {
        yield* unsaid
        yield* parties.all()
      }
    }
    control.gone = (member, reason) => {
      if (!comm.has(member)) return
      this.#dispute?.gone(comm.rankOf(member), reason)
      for (const party of [...this.#parties.all()]) party.gone()
    }
    onControl(comm.endpoint, comm.id + CONTROL, (message) => this.#hear(message))
  }

  /** A collective as this communicator has it. Throws what is wrong with the options. */
  define<T, R>(make: Make<T, R>, options: PlanOptions, op: AnyOp | undefined): Definition<T, R> {
    const own = this.#dialect === undefined ? make : this.#dialect.makeOf(make)
    return own(this.comm, options, op)
  }

  /** The root that is asked for, as its collectives number it. */
  rootOf(root: Root | undefined): number | undefined {
    return this.#dialect === undefined ? (root as number | undefined) : this.#dialect.rootOf(root)
  }

  /** The next call in order. Throws when a rank has failed, or the ranks have called different things before. */
  next(signature: Signature, form: Form, site: CallSite | undefined, options: CallOptions, isKept = false): Call {
    this.checkUsable()
    const call = new Call(this.#calls++, signature, form, site, options, isKept)
    this.#recent[call.sequence % REMEMBERED] = call
    return call
  }

  /** Throws when a rank has failed, or the ranks have called different things before. */
  checkUsable(): void {
    const lost = this.comm.failedMembers.error
    if (lost !== undefined) throw lost
    if (this.#dispute?.verdict !== undefined) {
      this.#dispute.isHeard = true
      throw this.#dispute.verdict
    }
  }

  /** The same for a call that will be subscribed to again and again: it is remembered until it is forgotten. */
  nextKept(signature: Signature, form: Form, site: CallSite | undefined, options: CallOptions): Call {
    const place = placeOf(this.#calls)
    const other = this.#kept.get(place)
    if (other !== undefined) {
      throw new ArgumentError(
        `${other.describe()} was made so many collectives before this one that their messages would look alike; free it first`
      )
    }
    const call = this.next(signature, form, site, options, true)
    this.#kept.set(place, call)
    return call
  }

  /** It will not be any more. */
  forget(call: Call): void {
    if (!this.#isKept(call)) return
    this.#kept.delete(placeOf(call.sequence))
    // A start that is under way goes on.
    if (![...this.#parties.all()].some((party) => party.call === call)) call.letGo()
    this.comm.endpoint.transport.boards?.leave(this.comm.id, this.comm.members, call.sequence)
  }

  #isKept(call: Call): boolean {
    return call.isKept && this.#kept.get(placeOf(call.sequence)) === call
  }

  /** Calls made so far. */
  get calls(): number {
    return this.#calls
  }

  /** A call that was made lately. */
  recent(sequence: number): Call | undefined {
    const call = this.#recent[sequence % REMEMBERED]
    if (call?.sequence === sequence) return call
    const kept = this.#kept.get(placeOf(sequence))
    return kept?.sequence === sequence ? kept : undefined
  }

  /** The tag of a call's next subscription. */
  tagOf(call: Call): number {
    const tag = call.nextTag()
    if (this.#parties.get(tag) === undefined) return tag
    throw new ArgumentError(
      `${call.describe()}: too many calls of collectives, or subscriptions of this one, since one that is still under way`
    )
  }

  open(party: Party): void {
    this.#parties.add(party)
    // Tags go round: what was broken off so long ago has nothing under way any more.
    if (this.#brokenOff.size > 0) this.#brokenOff.delete(oppositeOf(party.tag))
    this.#note(BEGUN, party)
    if (collectives.hasSubscribers) this.#tellBegin(party)
    const obstacle = this.comm.obstacle ?? this.comm.failedMembers.error
    if (obstacle !== undefined) return party.stop(obstacle)
    this.#dispute?.called()
    const { hash, sequence } = party.call
    for (let lane = 0; lane < this.#contexts.length; lane++) {
      const { matching } = this.#contexts[lane]!
      if (matching.kept === 0) continue
      for (const source of matching.sources) {
        const message = matching.find(source, party.tag)
        if (message !== undefined && !isSame(message.call, hash)) this.alarm(sequence)
      }
    }
    if (this.#sayings.size === 0) return
    const sayings = this.#sayings.get(party.tag) ?? []
    this.#sayings.delete(party.tag)
    for (const { kind, from, call, saying } of sayings) this.#pass(party, kind, from, call, saying)
  }

  /** Another takes over what this one has begun. */
  replace(party: Party, other: Party): void {
    this.#parties.remove(party)
    this.#parties.add(other)
    const begun = this.#beginnings.get(party)
    if (begun !== undefined) this.#beginnings.set(other, begun)
  }

  /** Whether a message with that tag has come. */
  hasCome(tag: number): boolean {
    for (const { matching } of this.#contexts) {
      if (matching.kept > 0 && [...matching.sources].some((source) => matching.find(source, tag) !== undefined)) return true
    }
    return false
  }

  /** What the ranks of a call see at once, where that is there: a persistent call has a board of its own. */
  boardOf(call: Call): Board | undefined {
    if (!this.#mayHaveBoard) return undefined
    if (call.isKept) {
      call.board ??= this.#openBoard(call.sequence)
      return call.board
    }
    this.#board ??= this.#openBoard()
    return this.#board
  }

  #openBoard(call?: number): Board | undefined {
    return this.comm.endpoint.transport.boards!.open(this.comm.id, this.comm.members, call)
  }

  /** `whole`: no rank sends anything for it any more. */
  close(party: Party, whole: boolean): void {
    this.#parties.remove(party)
    if (!this.#isKept(party.call)) party.call.letGo()
    if (!whole) this.#breakOff(party.tag)
    this.#note(whole ? ENDED_WELL : BROKEN, party)
    if (collectives.hasSubscribers) this.#tellEnd(party, whole)
  }

  #note(what: number, { call }: Party): void {
    this.comm.endpoint.log?.noteCall(what, this.comm.id, call.signature.name, call.sequence)
  }

  #tellBegin(party: Party): void {
    const time = performance.now()
    this.#beginnings.set(party, time)
    collectives.publish(this.#event('begin', party, time))
  }

  #tellEnd(party: Party, ok: boolean): void {
    const time = performance.now()
    const begun = this.#beginnings.get(party)
    this.#beginnings.delete(party)
    const event = this.#event('end', party, time)
    event.duration = begun === undefined ? undefined : time - begun
    event.ok = ok
    collectives.publish(event)
  }

  #event(phase: CollectiveEvent['phase'], { call }: Party, time: number): CollectiveEvent {
    const { rank, name: communicator } = this.comm
    return { phase, rank, communicator, name: call.signature.name, sequence: call.sequence, time, site: call.site }
  }

  /** No collective of these ranks can be whole any more: breaks off all that is under way, and drops what comes. */
  breakOff(error: Error): void {
    this.#isBroken = true
    for (const party of [...this.#parties.all()]) party.stop(error)
    this.#dropUnwanted()
  }

  /** Other ranks that are known to have called the same. */
  metIn(sequence: number): number[] {
    return [...this.#parties.all()].flatMap((party) => (party.call.sequence === sequence ? party.met : []))
  }

  /** Ranks have called different things. */
  alarm(sequence: number): void {
    this.#dispute ??= new Mismatch(this, sequence, (error) => {
      for (const party of [...this.#parties.all()]) {
        if (party.call.sequence < sequence) continue
        this.#dispute!.isHeard = true
        party.stop(error)
      }
      this.#dropUnwanted()
    })
    this.#dispute.called()
  }

  say(to: number, tag: number, hash: number, kind: number, saying: unknown): void {
    const { endpoint, id } = this.comm
    sendControl(endpoint, this.comm.memberOf(to), id + CONTROL, saying, tag, hash, kind)
  }

  sayToAll(tag: number, hash: number, kind: number, saying: unknown): void {
    const { rank, size } = this.comm
    for (let distance = 1; distance < size; distance++) this.say((rank + distance) % size, tag, hash, kind, saying)
  }

  #hear(message: Incoming): void {
    const { tag, shape: kind } = message
    const from = this.comm.rankOf(message.source)
    const saying = message.value()
    if (kind === ALARM) {
      const { sequence, what, met } = saying as Alarm
      this.alarm(sequence)
      this.#dispute!.hear(from, what, met)
      return
    }
    if (!isKind(kind)) return
    const party = this.#parties.get(tag)
    if (party !== undefined) return this.#pass(party, kind, from, message.call, saying)
    const over = this.#over(tag)
    if (over !== undefined) {
      if (!isSame(over.hash, message.call)) this.alarm(over.sequence)
      else if (kind === PASSED_ON || kind === TOLD) this.say(from, tag, over.hash, OVER, 0)
    } else {
      const sayings = this.#sayings.get(tag) ?? []
      this.#sayings.set(tag, sayings)
      sayings.push({ kind, from, call: message.call, saying })
    }
  }

  #pass(party: Party, kind: Kind, from: number, hash: number, saying: unknown): void {
    const { call } = party
    if (!isSame(hash, call.hash)) return this.alarm(call.sequence)
    if (isSingle(hash)) party.single()
    if (kind === NO_NOTE) party.byMessages?.()
    else if (kind !== ASKED) party.hear(kind, from, saying)
    else if (party.byMessages === undefined) this.say(from, party.tag, call.hash, NO_NOTE, 0)
  }

  /** Nobody will want a message with that tag: its subscription was broken off, or there will be none. */
  #dropUnwanted(): void {
    for (const context of this.#contexts) {
      for (const { tag } of [...context.matching.unreceived()])
        if (this.#isUnwanted(tag)) this.comm.endpoint.receiveNow(context, nobody(tag))
    }
  }

  #isUnwanted(tag: number): boolean {
    if (this.#isBroken) return true
    const own = tag & ~ASIDE
    if (this.#brokenOff.size > 0 && this.#brokenOff.has(own)) return true
    return this.#dispute?.verdict !== undefined && this.#parties.get(own) === undefined
  }

  /** A message that nobody waits for: of a subscription that others have begun before, or of another call than this rank's. */
  #compare(message: Incoming): void {
    const { call } = message
    const tag = message.tag & ~ASIDE
    const party = this.#parties.get(tag)
    if (party !== undefined) {
      if (isSame(party.call.hash, call)) party.byMessages?.()
      else this.alarm(party.call.sequence)
      return
    }
    const over = this.#over(tag)
    if (over !== undefined && !isSame(over.hash, call)) this.alarm(over.sequence)
  }

  /** The call of a subscription that is over, as far as it is remembered. */
  #over(tag: number): Call | undefined {
    const cycle = cycleOf(tag)
    const call = this.#recent[tag % REMEMBERED]
    if (call !== undefined && call.sequence % cycle === tag % cycle && call.hasBegun(tag)) return call
    if (this.#kept.size === 0) return undefined
    const kept = this.#kept.get(placeOf(tag))
    return kept !== undefined && kept.sequence % cycle === tag % cycle && kept.hasBegun(tag) ? kept : undefined
  }

  #breakOff(tag: number): void {
    const place = this.#brokenOffs++ % BROKEN_OFF
    this.#brokenOff.delete(this.#lastBrokenOff[place]!)
    this.#lastBrokenOff[place] = tag
    this.#brokenOff.add(tag)
    for (const context of this.#contexts) {
      if (context.matching.kept === 0) continue
      for (const late of [nobody(tag), nobody(tag | ASIDE)]) while (this.comm.endpoint.receiveNow(context, late)) {}
    }
  }
}

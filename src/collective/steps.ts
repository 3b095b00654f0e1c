import { type MonoTypeOperatorFunction, Observable, type Subscription } from 'rxjs'
import { type BufferLike, datatypeOf, memoryOf, NUMBER, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { duplicate, type Memory } from '../memory/copy.js'
import { Queue } from '../memory/queue.js'
import type { Runs } from '../memory/runs.js'
import { bytesOfNumber } from '../memory/scratch.js'
import type { Context } from '../progress/context.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Incoming, Waiting } from '../progress/incoming.js'
import { MemberGone } from '../progress/rank-failure.js'
import { Outgoing } from '../progress/send-queue.js'
import { ASIDE, type Call, type CallOptions, isSingle } from './call.js'
import type { Ranks } from './definition.js'
import { ParticipationAck } from './participation-ack.js'
import { PendingSend } from './pending-send.js'
import { Arrivals, Meetings, type Receiver } from './receiver.js'

export { NO_SHAPE } from './signature-shape.js'

/** Something that goes through the steps of a collective: a rank's value of a round, or a piece of it. */
export interface Unit {
  /** Sends and receives that it waits for: it is over when there are none. */
  pending: number
}

/** What a rank does with each unit at one step of an algorithm. */
export interface Step<U extends Unit> {
  /** Sends what is to be sent. */
  readonly send?: (unit: U) => void
  /** The rank it hears from. */
  readonly from?: number | undefined
  /** Whether a message comes for the unit; default always. */
  readonly expects?: (unit: U) => boolean
  /** On how much: the message that comes for the unit must say the same. */
  readonly shape?: (unit: U) => number
  /** Gives the data of a buffer its place, before it comes. */
  readonly place?: (unit: U, message: Incoming) => void
  /** The message has come. */
  readonly take?: (unit: U, message: Incoming) => void
}

/** Who hears what goes wrong: the subscription of a call, of which all that its steps wait for is part. */
export interface Trouble extends Waiting {
  /** Of this rank, in its round of that number; without one, in the present round. */
  fail(error: Error, round?: number): void
  /** The rank has called something else, or on something else. */
  mismatch(): void
  /** Another rank has called the method, so there is one value. */
  single(): void
  /** What reports call a rank of the communicator. */
  titleOf(rank: number): string
  /** Tells a rank that waits to be taken part with that this one does. */
  confirm(to: number): void
  /** Something waits for a word of another rank. */
  readonly unsaid: Set<Waiting & { readonly peer: number; readonly waits: boolean }>
}

/** The ranks that take part, as the steps of an algorithm number them. */
export interface Peers extends Ranks {
  /** The endpoint's rank of one of them. */
  memberOf(rank: number): number
  /** The communicator's rank of one of them. */
  partyOf(rank: number): number
  /** What reports call one of them: 'rank 3'. */
  titleOf(rank: number): string
  /** For a report: of which communicator. */
  readonly on: string
}

/** What a call says beside its data, as it concerns some of the ranks. */
export type OptionsOf = (options: CallOptions) => CallOptions

interface State {
  /** Of the call that is under way, or was last. */
  call: Call | undefined
  tag: number
  /** No call is under way. */
  closed: boolean
  /**
   * By rank, those that have been sent data; `true` once they have said that they have called the same. Absent where that shows
   * anyway: every rank sends before it waits.
   */
  confirmations: Map<number, ParticipationAck | true> | undefined
  /** The last of them; each leads to the one `before`. */
  receivers: Receiver | undefined
  /** Who has been told that this rank has called the same. */
  told: Set<number> | undefined
}

/**
 * The way from a call of a collective on this rank to the same call on the others: messages of its own context and tag. It serves one call
 * at a time, and as many as all goes well.
 */
export class Links {
  readonly comm: Peers
  readonly endpoint: Endpoint
  readonly context: Context
  readonly trouble: Trouble
  readonly #context: number
  readonly #state: State
  /** Of the tag. */
  readonly #mark: number
  readonly #settling: Settling
  readonly #optionsOf: OptionsOf | undefined
  #aside: Links | undefined

  /** `shared`: what an `aside` or a lane has in common with the links it belongs to. */
  private constructor(comm: Peers, endpoint: Endpoint, context: number, trouble: Trouble, shared: Shared) {
    this.comm = comm
    this.endpoint = endpoint
    this.#context = context
    this.context = this.endpoint.context(context)
    this.trouble = trouble
    this.#state = shared.state
    this.#settling = shared.settling
    this.#mark = shared.mark
    this.#optionsOf = shared.optionsOf
  }

  /** `isAhead`: whether a rank may be done with a round that others have not come to. */
  static of(comm: Peers & { readonly endpoint: Endpoint }, context: number, trouble: Trouble, isAhead: boolean): Links {
    return new Links(comm, comm.endpoint, context, trouble, { state: stateOf(isAhead), settling: { run: noop }, mark: 0 })
  }

  /** A second way, for messages that are not in one order with the others. */
  get aside(): Links {
    if (this.#aside === undefined) {
      const shared = { state: this.#state, settling: this.#settling, mark: ASIDE, optionsOf: this.#optionsOf }
      this.#aside = new Links(this.comm, this.endpoint, this.#context, this.trouble, shared)
    }
    return this.#aside
  }

  /** A way of its own for a collective that is part of this one, among some of the ranks; `context` is where its messages go. */
  lane(comm: Peers, context: number, optionsOf: OptionsOf): Links {
    const shared = { state: this.#state, settling: { run: noop }, mark: 0, optionsOf }
    return new Links(comm, this.endpoint, context, this.trouble, shared)
  }

  /** What the call says beside its data. */
  get options(): CallOptions {
    const { options } = this.call
    return this.#optionsOf === undefined ? options : this.#optionsOf(options)
  }

  /** The call that is under way. */
  get call(): Call {
    return this.#state.call!
  }

  /** What its messages are marked with. */
  get tag(): number {
    return this.#state.tag | this.#mark
  }

  /** A call begins. What is subscribed already serves it. */
  begin(call: Call, tag: number): void {
    const state = this.#state
    state.call = call
    state.tag = tag
    state.closed = false
    state.confirmations?.clear()
    state.told?.clear()
    for (let receiver = state.receivers; receiver !== undefined; receiver = receiver.before) receiver.begin()
  }

  /** Looks for what came before the call began. */
  look(): void {
    for (let receiver = this.#state.receivers; receiver !== undefined; receiver = receiver.before) receiver.look()
  }

  /** The call is on one value. */
  get single(): boolean {
    return isSingle(this.call.hash)
  }

  /** All that data was sent to have said that they have called the same. */
  get isConfirmed(): boolean {
    for (const confirmation of this.#state.confirmations?.values() ?? []) if (confirmation !== true) return false
    return true
  }

  /** No call is under way: nothing is sent or received. */
  get closed(): boolean {
    return this.#state.closed
  }

  close(): void {
    this.#state.closed = true
    for (const confirmation of this.#state.confirmations?.values() ?? []) {
      if (confirmation !== true) this.trouble.unsaid.delete(confirmation)
    }
  }

  /**
   * Sends to a rank. What cannot go at once waits as a copy, or, where the memory is `stable` until the unit is over, as it is; the
   * unit counts it as pending. Of memory in pieces, which has to be stable, `runs` says where they are.
   */
  send(unit: Unit, to: number, datatype: number, bytes: Memory, shape = 0, stable = false, runs?: Runs): void {
    if (this.closed) return
    const { endpoint, tag, call } = this
    const member = this.comm.memberOf(to)
    const link = endpoint.link(member)
    if (this.#state.confirmations !== undefined) this.#awaitConfirmation(unit, this.comm.partyOf(to), member)
    if (link.sendNow(this.#context, tag, datatype, bytes as Uint8Array, bytes.byteLength, call.hash, shape, runs)) return
    const reason = endpoint.whyGone(member)
    if (reason !== undefined) return this.trouble.fail(new MemberGone(member, reason))
    const kept = stable ? bytes : duplicate(bytes)
    const message = new Outgoing(this.#context, tag, datatype, kept, false, undefined, new PendingSend(this, unit, to), runs)
    message.call = call.hash
    message.shape = shape
    link.send(message)
  }

  /** Ranks that are known to have called the same: those that have said so, and those whose data has come. */
  get met(): number[] {
    const ranks = new Set<number>()
    for (const [rank, confirmation] of this.#state.confirmations ?? []) if (confirmation === true) ranks.add(rank)
    for (let receiver = this.#state.receivers; receiver !== undefined; receiver = receiver.before)
      if (receiver.met) ranks.add(receiver.party)
    return [...ranks]
  }

  /** Keeps a receiver among those of the call. */
  join(receiver: Receiver): Receiver | undefined {
    const { receivers } = this.#state
    this.#state.receivers = receiver
    return receivers
  }

  /** A rank has said that it has called the same. */
  confirmed(rank: number): void {
    const confirmation = this.#state.confirmations?.get(rank)
    this.#state.confirmations?.set(rank, true)
    if (confirmation === undefined || confirmation === true) return
    this.trouble.unsaid.delete(confirmation)
    confirmation.come()
  }

  /** Tells a rank that this one waits for its data, once. */
  confirm(rank: number): void {
    const { confirmations, told } = this.#state
    if (confirmations === undefined || told!.has(rank)) return
    told!.add(rank)
    this.trouble.confirm(rank)
  }

  #awaitConfirmation(unit: Unit, rank: number, member: number): void {
    const confirmations = this.#state.confirmations!
    let confirmation = confirmations.get(rank)
    if (confirmation === true) return
    if (confirmation === undefined) {
      confirmation = new ParticipationAck(this, rank, member)
      confirmations.set(rank, confirmation)
      this.trouble.unsaid.add(confirmation)
    }
    // One round waits itself; the end does where there are more.
    if (this.single) confirmation.hold(unit)
  }

  /** Sends a value of any kind: a number as it is, a buffer as its bytes, anything else as an object. */
  sendValue(unit: Unit, to: number, value: unknown, shape = 0): void {
    if (typeof value === 'number') return this.send(unit, to, NUMBER, bytesOfNumber(value), shape)
    const datatype = datatypeOf(value)
    if (datatype === OBJECT) this.send(unit, to, OBJECT, encodeObject(value), shape)
    else this.send(unit, to, datatype, memoryOf(value as BufferLike), shape)
  }

  /** Every message of a rank as a unit, one in a round. `take` makes it; `place` may give the data of a buffer its place before. */
  from<U extends Unit>(rank: number, take: (message: Incoming) => U, place?: (message: Incoming) => void): Observable<U> {
    return new Observable((subscriber) => {
      const arrivals = new Arrivals(this, rank, subscriber, take, place)
      subscriber.add(arrivals)
      if (!this.closed) arrivals.joinIn()
    })
  }

  /** Passes each unit on when its message has been sent and the one it waits for has come. */
  step<U extends Unit>(step: Step<U>): MonoTypeOperatorFunction<U> {
    return (source) =>
      new Observable((subscriber) => {
        if (step.from === undefined) {
          let round = 0
          let failed = false
          return source.subscribe({
            next: (unit) => {
              if (!failed && this.attempt(step, unit, round++)) subscriber.next(unit)
              else failed = true
            },
            error: (error) => subscriber.error(error)
          })
        }
        const meetings = new Meetings(this, step, subscriber)
        subscriber.add(meetings)
        if (!this.closed) meetings.joinIn()
        return source.subscribe(meetings)
      })
  }

  /** Sends what a step sends for the unit of a round. An error takes the place of the round. */
  attempt<U extends Unit>({ send }: Step<U>, unit: U, round: number): boolean {
    try {
      send?.(unit)
      return true
    } catch (error) {
      this.trouble.fail(error as Error, round)
      return false
    }
  }

  /** Lets units go a way of their own beside the others: each is over when it has come out. */
  beside<U extends Unit>(way: Observable<U>, unitOf: (unit: U) => Unit = (unit) => unit): Subscription {
    return way.subscribe({ next: (unit) => this.settle(unitOf(unit)), error: (error) => this.trouble.fail(error) })
  }

  /** Passes each unit on, in order, when nothing of it is pending. */
  settled<U extends Unit>(): MonoTypeOperatorFunction<U> {
    return (source) =>
      new Observable((subscriber) => {
        const units = new Queue<U>()
        this.#settling.run = () => {
          while (units.length > 0 && units.first!.pending === 0) subscriber.next(units.shift())
        }
        return source.subscribe({
          next: (unit) => {
            if (units.length === 0 && unit.pending === 0) subscriber.next(unit)
            else units.push(unit)
          },
          error: (error) => subscriber.error(error)
        })
      })
  }

  /** Something that the unit was waiting for has happened. */
  settle(unit: Unit): void {
    if (--unit.pending === 0) this.#settling.run()
  }

  /** What the ranks have given does not go together: the unit will never be over, and all ranks hear why. */
  disagree(unit: Unit): void {
    unit.pending++
    this.trouble.mismatch()
  }

  /** Passes each unit on when it has been sent to these ranks. */
  toAll<U extends Unit>(ranks: readonly number[], send: (unit: U, to: number) => void): MonoTypeOperatorFunction<U> {
    if (ranks.length === 0) return (source) => source
    return this.step({
      send: (unit) => {
        for (const rank of ranks) send(unit, rank)
      }
    })
  }
}

interface Settling {
  /** Looks what is over. */
  run: () => void
}

interface Shared {
  readonly state: State
  readonly settling: Settling
  readonly mark: number
  readonly optionsOf?: OptionsOf | undefined
}

const noop = (): void => undefined

const stateOf = (isAhead: boolean): State => ({
  call: undefined,
  tag: 0,
  closed: true,
  confirmations: isAhead ? new Map() : undefined,
  receivers: undefined,
  told: isAhead ? new Set() : undefined
})

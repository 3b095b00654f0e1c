import type { CommunicatorCore } from '../core/communicator-core.js'
import { recordCallSite } from '../diagnostics/call-site.js'
import { TagTable } from '../memory/tag-table.js'
import type { Context } from '../progress/context.js'
import { COLLECTIVES, CONTROL } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import { type Incoming, nobody, type Waiting } from '../progress/incoming.js'
import { ASIDE, Call, type Signature, sequenceOf, subscriptionOf } from './call.js'
import { ALARM, CALLED, FAILURE, type Kind, LAST, WORD } from './control-messages.js'
import { type Alarm, Mismatch } from './mismatch.js'
import { ENDED, Termination, type Word } from './termination.js'

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
  /** A rank is no more. */
  gone(): void
  /** All collectives of the communicator are over. */
  stop(error: Error): void
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

/** The collectives that a rank has called on a communicator, in order, and those of them that are under way. */
export class CallRegistry {
  readonly comm: CommunicatorCore
  /** What waits for a word of other ranks. */
  readonly unsaid = new Set<Waiting & { readonly peer: number; readonly waits: boolean }>()
  readonly #context: Context
  readonly #recent: Call[] = []
  readonly #parties = new TagTable<Party>()
  /** What others have said of subscriptions that they have begun and this rank has not. */
  readonly #sayings = new Map<number, Early[]>()
  readonly #brokenOff = new Set<number>()
  readonly #answers = new Map<number, Termination>()
  #calls = 0
  #dispute: Mismatch | undefined
  #isBroken = false

  constructor(comm: CommunicatorCore) {
    this.comm = comm
    comm.attach({
      breakOff: (makeError) => this.breakOff(makeError()),
      lose: () => this.breakOff(comm.failedMembers.error!)
    })
    this.#context = comm.endpoint.context(comm.id + COLLECTIVES)
    this.#context.listener = ({ tag }) => (this.#isUnwanted(tag) ? nobody(tag) : undefined)
    this.#context.unexpected = (message) => this.#compare(message)
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

  /** The next call in order. Throws when a rank has failed, or the ranks have called different things before. */
  next(signature: Signature, site = recordCallSite()): Call {
    const lost = this.comm.failedMembers.error
    if (lost !== undefined) throw lost
    if (this.#dispute?.verdict !== undefined) {
      this.#dispute.isHeard = true
      throw this.#dispute.verdict
    }
    const call = new Call(this.#calls++, signature, site)
    this.#recent[call.sequence % REMEMBERED] = call
    return call
  }

  /** Calls made so far. */
  get calls(): number {
    return this.#calls
  }

  /** A call that was made lately. */
  recent(sequence: number): Call | undefined {
    const call = this.#recent[sequence % REMEMBERED]
    return call?.sequence === sequence ? call : undefined
  }

  open(party: Party): void {
    this.#parties.add(party)
    const obstacle = this.comm.obstacle ?? this.comm.failedMembers.error
    if (obstacle !== undefined) return party.stop(obstacle)
    this.#dispute?.called()
    const { hash, sequence } = party.call
    const { matching } = this.#context
    if (matching.kept > 0 && matching.arrived(party.tag).some(({ call }) => call !== hash)) this.alarm(sequence)
    if (this.#sayings.size === 0) return
    const sayings = this.#sayings.get(party.tag) ?? []
    this.#sayings.delete(party.tag)
    for (const { kind, from, call, saying } of sayings) {
      if (call === hash) party.hear(kind, from, saying)
      else this.alarm(sequence)
    }
  }

  /** `whole`: no rank sends anything for it any more. */
  close(party: Party, whole: boolean): void {
    this.#parties.remove(party)
    if (!whole) this.#breakOff(party.tag)
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
    if (kind !== WORD && kind !== FAILURE && kind !== LAST && kind !== CALLED) return
    const party = this.#parties.get(tag)
    if (party !== undefined) {
      if (message.call === party.call.hash) party.hear(kind, from, saying)
      else this.alarm(party.call.sequence)
    } else if (this.#isOver(tag)) {
      if (this.recent(sequenceOf(tag))?.hash !== message.call) return this.alarm(sequenceOf(tag))
      if (kind === WORD && !this.#brokenOff.has(tag)) this.#answerFor(tag, saying as Word, message.call)
    } else {
      const sayings = this.#sayings.get(tag) ?? []
      this.#sayings.set(tag, sayings)
      sayings.push({ kind, from, call: message.call, saying })
    }
  }

  /** Nobody will want a message with that tag: its subscription was broken off, or there will be none. */
  #dropUnwanted(): void {
    for (const { tag } of [...this.#context.matching.unreceived()])
      if (this.#isUnwanted(tag)) this.comm.endpoint.receiveNow(this.#context, nobody(tag))
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
      if (party.call.hash !== call) this.alarm(party.call.sequence)
      return
    }
    if (!this.#isOver(tag)) return
    const sequence = sequenceOf(tag)
    if (this.recent(sequence)?.hash !== call) this.alarm(sequence)
  }

  /** An operator on another rank has met a method's call on this one, which was over long ago: one value was all it gave. */
  #answerFor(tag: number, word: Word, hash: number): void {
    let answer = this.#answers.get(tag)
    if (answer === undefined) {
      const { rank, size } = this.comm
      answer = new Termination(
        rank,
        size,
        (to, next) => this.say(to, tag, hash, WORD, next),
        () => this.#answers.delete(tag)
      )
      this.#answers.set(tag, answer)
      answer.enter({ kind: ENDED, count: 1, done: 1 })
    }
    answer.hear(word)
  }

  #isOver(tag: number): boolean {
    const call = this.recent(sequenceOf(tag))
    return call !== undefined && call.subscriptions > subscriptionOf(tag)
  }

  #breakOff(tag: number): void {
    if (this.#brokenOff.size === BROKEN_OFF)
      for (const oldest of this.#brokenOff) {
        this.#brokenOff.delete(oldest)
        break
      }
    this.#brokenOff.add(tag)
    for (const late of [nobody(tag), nobody(tag | ASIDE)]) while (this.comm.endpoint.receiveNow(this.#context, late)) {}
  }
}

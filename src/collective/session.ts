import { Observable, type Subscriber, type Subscription } from 'rxjs'
import { references } from '../codec/reference.js'
import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { RaggedStreamError } from '../errors.js'
import { Queue } from '../memory/queue.js'
import { COLLECTIVES } from '../progress/context-ids.js'
import { goneError, MemberGone } from '../progress/rank-failure.js'
import type { Call } from './call.js'
import type { CallRegistry, Party } from './call-registry.js'
import { CALLED, FAILURE, LAST, remoteError, type Saying, sayingOf, WORD } from './control-messages.js'
import { ABSENT, type Definition, Misfit, NOTHING } from './definition.js'
import { Links, type Trouble } from './steps.js'
import { ENDED, type Entry, GIVING, type Runs, Termination, type Word } from './termination.js'
import { binomialTree } from './topology/binomialTree.js'

/** Who gets the results. */
export interface Audience<R> {
  emit(result: R): void
  finish(): void
  fail(error: Error): void
  /** Fails with an error that is only made when it is known where the call was. */
  giveUp: Trouble['giveUp']
}

/**
 * One subscription of a collective on this rank: begins rounds, hands out their results in order, and ends when the ranks agree that
 * it is over.
 *
 * A round begins when the source has given its value and the rank is not too far ahead of the others. Whether it is over, the ranks ask each other in
 * an `Agreement`, apart from the data: a rank has its say when its source has ended, or when it hears that another's has and has itself given more. So
 * every round before the end is whole on every rank, and every rank knows the same of all streams.
 */
export class Session<T, R> implements Trouble, Party {
  readonly call: Call
  readonly tag: number
  readonly peer = ANY_SOURCE
  next: Party | undefined
  readonly #comm: CommunicatorCore
  readonly #ledger: CallRegistry
  readonly #collective: Definition<T, R>
  readonly #audience: Audience<R>
  /** There is one value, on every rank: nothing has to be agreed on. */
  readonly #single: boolean
  readonly #pipeline: Subscription
  readonly #queue = new Queue<T>()
  #input: Subscriber<T> | undefined
  #agreement: Termination | undefined
  /** Values that the source has given, and those of them whose round has begun. */
  #offered = 0
  #begun = 0
  /** Rounds that are over on this rank. */
  #done = 0
  /** Rounds that this rank may begin at present. */
  #leave: number
  #beginning = false
  /** Its source has ended. */
  #ended = false
  /** The values that there are in all, where one rank gives them and this one has heard that it has. */
  #last: number | undefined
  /** Nobody listens any more. */
  #deaf = false
  /** The number of rounds, once it is known, and the error that comes after them. */
  #rounds = Number.POSITIVE_INFINITY
  #failure: Error | undefined
  #closed = false
  readonly #links: Links
  /** Called when there is room for more values. */
  pull: (() => void) | undefined

  constructor(ledger: CallRegistry, call: Call, collective: Definition<T, R>, audience: Audience<R>, single?: { readonly value: T }) {
    const { comm } = ledger
    this.call = call
    this.tag = call.nextTag()
    this.#comm = comm
    this.#ledger = ledger
    this.#collective = collective
    this.#audience = audience
    this.#single = single !== undefined
    this.#leave = collective.ahead ? call.signature.window : Number.POSITIVE_INFINITY
    this.#links = new Links(comm, comm.id + COLLECTIVES, call, this.tag, this, {
      closed: false,
      settle: () => undefined,
      confirmations: collective.ahead ? new Map() : undefined,
      receivers: undefined,
      told: collective.ahead ? new Set() : undefined,
      single: this.#single
    })
    comm.endpoint.transport.hold()
    const values = new Observable<T>((subscriber) => {
      this.#input = subscriber
    })
    const results = collective.build(this.#links, call.signature.algorithm)(values)
    ledger.open(this)
    this.#pipeline = results.subscribe({ next: (result) => this.#over(result), error: (error) => this.fail(error) })
    if (this.#closed) this.#pipeline.unsubscribe()
    else if (single !== undefined) this.give(single.value)
  }

  /** The source has given a value. */
  give(value: T): void {
    if (this.#ended || this.#closed || this.#follows) return
    this.#offered++
    this.#queue.push(value)
    references.here = this.#comm.endpoint
    this.#begin()
    if (this.#agreement !== undefined) this.#speak()
  }

  /** The source has ended, maybe with an error. */
  end(error?: Error): void {
    if (this.#closed || this.#ended) return
    if (error !== undefined) return this.fail(error, this.#offered)
    if (this.#follows) return
    this.#ended = true
    if (this.#failure !== undefined && this.#offered < this.#rounds) return this.fail(this.#failure, this.#offered)
    if (this.#gives) this.#tellLast(this.#offered)
    this.#speak()
    if (this.#gives) this.#leaveEarly()
    this.#begin()
  }

  /** Nobody wants the results any more: as if the source had ended after those there have been. */
  unsubscribed(): void {
    if (this.#closed || this.#deaf) return
    this.#deaf = true
    this.#queue.clear()
    this.#offered = this.#done
    this.#ended = true
    if (this.#gives) this.#tellLast(this.#offered)
    this.#speak()
    this.#begin()
  }

  hear(kind: number, from: number, saying: unknown): void {
    if (this.#closed) return
    if (kind === WORD) {
      this.#agree().hear(saying as Word)
      this.#speak()
    } else if (kind === LAST) {
      this.#tellLast(saying as number)
      this.#speak()
    } else if (kind === CALLED) {
      this.#links.confirmed(from)
    } else {
      const { round } = saying as Saying
      if (round < this.#rounds) this.#finishAfter(round, remoteError(this.#comm, from, this.call.signature.name, saying as Saying))
      if (this.#ended && this.#offered < round) this.fail(this.#failure!, this.#offered)
    }
  }

  fail(error: Error, round = this.#done): void {
    if (this.#closed || round >= this.#rounds) return
    if (error instanceof MemberGone) return this.fail(this.#comm.named(error), round)
    this.#ledger.sayToAll(this.tag, this.call.hash, FAILURE, sayingOf(round, error))
    this.#finishAfter(round, error)
  }

  giveUp(makeError: Parameters<Trouble['giveUp']>[0]): void {
    if (this.#closed) return
    this.#close(false)
    this.#audience.giveUp(makeError)
  }

  confirm(to: number): void {
    this.#ledger.say(to, this.tag, this.call.hash, CALLED, null)
  }

  get unsaid(): Trouble['unsaid'] {
    return this.#ledger.unsaid
  }

  get met(): number[] {
    return this.#links.met
  }

  get site(): CallSite | undefined {
    return this.call.site
  }

  get waits(): boolean {
    return !this.#closed
  }

  /** Where no message is waited for. */
  describe(): string {
    const awaited = this.#agreement?.awaited
    const isStarved = !this.#ended && !this.#follows && this.#offered === this.#done
    const what =
      awaited !== undefined ? `rank ${awaited} to say how long its stream is` : isStarved ? 'a value of its own source' : 'the other ranks'
    return `in ${this.call.title}${this.#comm.on} for ${what}`
  }

  mismatch(): void {
    this.#ledger.alarm(this.call.sequence)
  }

  stop(error: Error): void {
    if (this.#closed) return
    this.#close(false)
    if (!this.#deaf) this.#audience.fail(error)
  }

  /** This rank's own stream is ignored: another gives all there is. */
  get #follows(): boolean {
    const { giver } = this.#collective
    return giver !== undefined && giver !== this.#comm.rank
  }

  /** It is this rank that gives all there is. */
  get #gives(): boolean {
    return this.#collective.giver === this.#comm.rank
  }

  /** Its stream is over, and those of others go on: it takes part with nothing. */
  get #absent(): boolean {
    return this.#ended && this.call.signature.ragged === 'rest' && !this.#gives
  }

  get #inFlight(): number {
    return this.#collective.serial ? 1 : this.call.signature.window
  }

  /** Begins rounds: a loop and no recursion, for a round may be over at once. */
  #begin(): void {
    if (this.#beginning) return
    this.#beginning = true
    while (!this.#closed && this.#begun < Math.min(this.#leave, this.#done + this.#inFlight, this.#rounds)) {
      if (this.#queue.length === 0) this.pull?.()
      if (this.#queue.length === 0 && this.#absent) this.#queue.push(ABSENT as T)
      if (this.#queue.length === 0) break
      const value = this.#queue.shift()
      const round = this.#begun++
      this.call.note(value)
      try {
        if (!this.#single && value !== ABSENT) this.#collective.check?.(value)
      } catch (error) {
        this.fail(error as Error, round)
        break
      }
      this.#input?.next(value)
    }
    this.#beginning = false
  }

  /** A round is over. */
  #over(result: R | typeof NOTHING | Misfit): void {
    if (this.#closed) return
    this.#done++
    if (result instanceof Misfit) return this.stop(result.error)
    if (this.#single) {
      this.#close(true)
      if (result !== NOTHING) this.#audience.emit(result)
      this.#audience.finish()
      return
    }
    if (result !== NOTHING && !this.#deaf && this.#done <= this.#rounds) this.#audience.emit(result)
    this.#progress()
  }

  #progress(): void {
    if (this.#closed) return
    if (this.#done >= this.#rounds) return this.#finish()
    if (this.#collective.ahead || this.#agreement !== undefined) this.#speak()
    if (this.#ended && this.#gives) this.#leaveEarly()
    this.#begin()
  }

  #finishAfter(rounds: number, failure?: Error): void {
    this.#rounds = rounds
    this.#failure = failure
    this.#progress()
  }

  #finish(): void {
    // Where streams may be of different length, other ranks may have begun rounds that there are not.
    this.#close(this.#failure === undefined && this.#begun === this.#rounds && this.call.signature.ragged === 'error')
    if (this.#deaf) return
    if (this.#failure === undefined) this.#audience.finish()
    else this.#audience.fail(this.#failure)
  }

  #close(whole: boolean): void {
    this.#closed = true
    this.#links.close()
    this.#ledger.close(this, whole)
    this.#comm.endpoint.transport.release()
    this.#pipeline?.unsubscribe()
  }

  /** Who gives all there is knows that it was the last; what the others say is listened to all the same. */
  #leaveEarly(): void {
    if (this.#deaf || this.#closed || this.#done < this.#offered || this.#failure !== undefined) return
    this.#deaf = true
    this.#audience.finish()
  }

  /** Passes on, down a tree, that all there is has been given: an agreement cannot begin before everybody knows. */
  #tellLast(count: number): void {
    const { rank, size } = this.#comm
    this.#last = count
    for (const child of binomialTree(rank, size, this.#collective.giver!).children) {
      this.#ledger.say(child.rank, this.tag, this.call.hash, LAST, count)
    }
  }

  #agree(): Termination {
    const { rank, size } = this.#comm
    this.#agreement ??= new Termination(
      rank,
      size,
      (to, word) => this.#ledger.say(to, this.tag, this.call.hash, WORD, word),
      (entries) => this.#agreed(entries)
    )
    return this.#agreement
  }

  /** Has its say in the agreement, when it has something to say. */
  #speak(): void {
    while (!this.#closed) {
      const entry = this.#entry()
      if (entry === undefined || this.#agree().entered) break
      this.#agree().enter(entry)
    }
    this.gone()
  }

  /** All that a rank has said came before the news that it is no more: what is still awaited never comes. */
  gone(): void {
    const awaited = this.#agreement?.awaited
    if (awaited === undefined || this.#closed) return
    const gone = this.#comm.endpoint.whyGone(this.#comm.memberOf(awaited))
    if (gone !== undefined) this.fail(goneError(awaited, gone))
  }

  /** What this rank has to say now. */
  #entry(): Entry | undefined {
    const { ragged, window } = this.call.signature
    const half = window >> 1 || 1
    const given = this.#follows ? this.#done : this.#offered
    // In steps, so that those of many ranks are the same.
    const done = this.#collective.ahead ? this.#done - (this.#done % half) : 0
    const isDue = this.#collective.ahead && this.#leave < this.#rounds && this.#done >= this.#leave - window + half
    if (this.#rounds < Number.POSITIVE_INFINITY) return isDue ? { kind: GIVING, count: given, done } : undefined
    if (this.#ended) return { kind: ENDED, count: this.#offered, done }
    const shortest = this.#agreement?.shortest ?? Number.POSITIVE_INFINITY
    if (this.#follows && this.#last !== undefined) return { kind: ENDED, count: this.#last, done }
    const isShort = (ragged === 'error' && given > shortest) || (ragged === 'truncate' && given >= shortest)
    return isDue || isShort ? { kind: GIVING, count: given, done } : undefined
  }

  #agreed(entries: Runs): void {
    const { ragged, window } = this.call.signature
    const { shortest, most, allEnded } = entries
    this.#leave = Math.max(this.#leave, entries.done + window)
    if (shortest < Number.POSITIVE_INFINITY && this.#rounds === Number.POSITIVE_INFINITY) {
      if (ragged === 'truncate') return this.#finishAfter(shortest)
      if (allEnded && (most === shortest || ragged === 'rest')) return this.#finishAfter(most)
      if (ragged === 'error' && most > shortest) return this.#finishAfter(shortest, raggedError(entries, this.call))
    }
    this.#begin()
  }
}

function raggedError(entries: Runs, call: Call): Error {
  const streams = entries.list().map(({ kind, count }, rank) => `  rank ${rank}: ${kind === ENDED ? count : `${count} and more`}`)
  return new RaggedStreamError(
    `the streams of ${call.describe()} ended after different numbers of values:\n${streams.join('\n')}\n` +
      "give as many on every rank, or say what is wanted: ragged: 'truncate' ends with the shortest, 'rest' goes on with those that are left"
  )
}

import { Subject, type Subscription } from 'rxjs'
import { references } from '../codec/reference.js'
import { RankFailedError } from '../errors.js'
import { Queue } from '../memory/queue.js'
import { MemberGone } from '../progress/rank-failure.js'
import type { Call } from './call.js'
import type { CallRegistry } from './call-registry.js'
import {
  BARRIER,
  CALLED,
  FAILURE,
  type Failure,
  failureOf,
  type Kind,
  OVER,
  PASSED_ON,
  remoteError,
  TOLD,
  type Told
} from './control-messages.js'
import { ABSENT, type Definition, givesTo, Misfit, NOTHING } from './definition.js'
import { NeighborWindow } from './neighbor-window.js'
import { type Audience, Participant } from './participant.js'
import { raggedError } from './ragged.js'
import { RoundWindow } from './round-window.js'
import { COMPLETE, ENDED, type End, FAILED, RAGGED, Termination, type Word } from './termination.js'

/**
 * One subscription of an operator on this rank: takes the source's values through the steps, round by round, and hands out the results.
 *
 * How far rounds may go is said by `RoundWindow`, and where they end by `Termination`. The rank says that its stream is over when the last
 * value is under way, and then takes part in the rounds until the end is known and they are done, also when nobody listens any more.
 */
export class Session<T, R> extends Participant<R> {
  readonly #collective: Definition<T, R>
  readonly #termination: Termination
  readonly #window: RoundWindow | NeighborWindow | undefined
  readonly #queue = new Queue<T>()
  /** This rank's own stream is ignored: others give all there is. */
  readonly #follows: boolean
  /** What the ranks have failed with, by rank. */
  #failures: Map<number, Error | Failure> | undefined
  /** The round in whose place this rank has failed. */
  #failedAt = Number.POSITIVE_INFINITY
  /** Rounds that may be under way at the same time. */
  readonly #inFlight: number
  #pipeline: Subscription | undefined
  #input: Subject<T> | undefined
  /** The algorithm of the rounds that are under way. */
  #algorithm: string | undefined
  /** Rounds of which the source has given the value, those that have begun, and those that are over on this rank. */
  #offered = 0
  #begun = 0
  #done = 0
  #beginning = false
  /** The source has been subscribed to: no subscription fails before. */
  #isFed = false
  #hasEnded = false
  #sourceError: Error | undefined
  /** Nobody listens any more. */
  #deaf = false
  /** Where it ends, as far as is known. */
  #end: End | undefined
  /** Called when there is room for more values. */
  pull: (() => void) | undefined

  constructor(registry: CallRegistry, call: Call, collective: Definition<T, R>, audience: Audience<R>) {
    super(registry, collective.ahead === true)
    const { rank, size } = this.comm
    const { ragged, window } = call.signature
    this.#collective = collective
    this.#inFlight = collective.serial ? 1 : window
    const { giver, givers = giver === undefined ? undefined : [giver] } = collective
    this.#follows = !givesTo(collective, rank)
    this.#termination = new Termination(rank, size, ragged, givers, {
      passOn: (to, step, count) => this.say(to, PASSED_ON, [step, count]),
      tell: (word, single) => this.#tell(word, single)
    })
    if (collective.ahead) {
      const send = (to: number, word: number): void => this.say(to, BARRIER, word)
      const { neighbors } = collective
      this.#window = neighbors ? new NeighborWindow(neighbors, window, send) : new RoundWindow(rank, size, window, send)
    }
    this.begin(call, audience)
    if (!this.closed) this.#use(collective.algorithm)
  }

  /** The source has given a value. */
  give(value: T): void {
    if (this.#hasEnded || this.closed || this.#follows) return
    this.#isFed = true
    this.#offered++
    this.#queue.push(value)
    references.here = this.comm.endpoint
    this.#progress()
  }

  /** The source has ended, maybe with an error. */
  end(error?: Error): void {
    if (this.closed || this.#hasEnded) return
    this.#isFed = true
    if (this.#follows) {
      if (error !== undefined) this.fail(error)
      return
    }
    this.#hasEnded = true
    this.#sourceError = error
    this.#progress()
  }

  /** The source has been subscribed to. */
  fed(): void {
    this.#isFed = true
    this.#progress()
  }

  /** Nobody wants the results any more: as if the source had ended after those there have been, unless that is known already. */
  unsubscribed(): void {
    if (this.closed || this.#deaf) return
    this.#deaf = true
    if (!this.#follows && this.#termination.own === undefined) {
      this.#queue.clear()
      this.#offered = this.#done
      this.#hasEnded = true
      this.#sourceError = undefined
    }
    this.fed()
  }

  /** The call is given up on this rank: it does not wait for anybody. */
  abort(error: Error): void {
    if (this.closed) return
    if (this.#termination.canFail(this.#done)) this.#failAt(this.#done, error)
    this.stop(error)
  }

  hear(kind: Kind, from: number, saying: unknown): void {
    if (this.closed) return
    if (kind === CALLED) this.links.confirmed(from)
    else if (kind === BARRIER) this.#window?.hear(saying as number, from)
    else if (kind === OVER) this.#termination.hearOver(from)
    else if (kind === PASSED_ON) {
      const [step, count] = saying as [number, number]
      this.#termination.hearPassedOn(from, step, count)
    } else if (kind === TOLD) {
      const [word, count, single] = saying as Told
      if (single) this.#termination.hearSingle(true)
      this.#termination.hear(from, { kind: word, count })
    } else this.#hearFailure(from, saying as Failure)
    this.#progress()
  }

  single(): void {
    this.#termination.hearSingle(false)
    this.#progress()
  }

  /** All that a rank has said came before the news that it is no more: what is still awaited never comes. */
  gone(): void {
    if (this.closed) return
    const { own, awaited } = this.#termination
    const late = this.#window?.awaited
    for (const rank of late === undefined ? awaited : [...awaited, late]) {
      const member = this.comm.memberOf(rank)
      const gone = this.comm.endpoint.whyGone(member)
      if (gone === undefined) continue
      // It may have called the method, and needed no word to end well. If not, those who wait for its values say so.
      const needsNoWord = rank !== late && !gone.failed && own!.kind === ENDED && own!.count > 0
      if (!needsNoWord) this.fail(new MemberGone(member, gone))
      if (this.closed || !needsNoWord) continue
      this.#termination.hearOver(rank)
      return this.#progress()
    }
  }

  protected hasLeft(rank: number): boolean {
    return this.#common > 0 || this.#termination.words[rank] !== undefined || this.links.met.includes(rank)
  }

  protected failIn(round = this.#done, error: Error): void {
    if (error instanceof RankFailedError) return this.failNow(error, this.#done)
    const place = Math.max(round, this.#done)
    if (place >= this.#rounds || !this.#termination.canFail(place)) return
    this.#failAt(place, error)
    this.#progress()
  }

  #failAt(place: number, error: Error): void {
    this.#keep(this.comm.rank, error)
    this.#failedAt = place
    this.#termination.fail(place)
  }

  /** Keeps an error until it is known whether it is the one that counts. */
  #keep(rank: number, error: Error | Failure): void {
    this.#failures ??= new Map()
    this.#failures.set(rank, error)
    this.#end = undefined
  }

  protected get isHeard(): boolean {
    return !this.#deaf
  }

  protected get awaited(): string {
    const [awaited] = this.#termination.awaited
    if (awaited !== undefined) return `rank ${awaited} to say how long its stream is`
    return !this.#hasEnded && !this.#follows && this.#offered === this.#done ? 'a value of its own source' : 'the other ranks'
  }

  /** Rounds that there are in the end, as far as is known. */
  get #rounds(): number {
    return this.#end?.rounds ?? Number.POSITIVE_INFINITY
  }

  /** Goes on with all that can go on now. */
  #progress(): void {
    if (this.closed) return
    this.#begin()
    if (this.closed) return
    this.#speak()
    if (this.#isAbsent) this.#begin()
    if (this.closed) return
    this.#end ??= this.#termination.endFrom(this.#common)
    if (this.#done >= this.#rounds) this.#finish()
    else if (this.#termination.own !== undefined || this.#window?.awaited !== undefined) this.gone()
  }

  /** Rounds for which every rank has given its value. */
  get #common(): number {
    const { giver, meetsAll, neighbors } = this.#collective
    if (neighbors !== undefined) return 0
    return this.#window === undefined || giver !== undefined || meetsAll ? this.#done : this.#window.common
  }

  /** Says how this rank's stream ends, once the last value is under way; or that it goes on, where others need to know. */
  #speak(): void {
    if (this.#termination.own !== undefined) return
    if (!this.#hasEnded || this.#queue.length > 0) this.#termination.given(this.#offered)
    else if (this.#sourceError !== undefined) this.failIn(this.#offered, this.#sourceError)
    else this.#termination.end(this.#offered)
  }

  /** Begins rounds: a loop and no recursion, for a round may be over at once. */
  #begin(): void {
    if (this.#beginning) return
    this.#beginning = true
    while (!this.closed && this.#begun < this.#done + this.#inFlight && this.#begun < this.#limit && this.#next()) {}
    this.#beginning = false
  }

  /** Rounds that may have begun, wherever this rank is. */
  get #limit(): number {
    return Math.min(this.#rounds, this.#failedAt, this.#window?.limit ?? Number.POSITIVE_INFINITY)
  }

  /** Begins a round, if its value is there. */
  #next(): boolean {
    const queue = this.#queue
    if (queue.length === 0) this.pull?.()
    if (queue.length === 0 && this.#isAbsent) queue.push(ABSENT as T)
    if (queue.length === 0 || !this.#isReadyFor(queue.first!)) return false
    const value = queue.shift()
    const round = this.#begun++
    this.call.note(value)
    try {
      if (value !== ABSENT) this.#collective.check?.(value, this.call.options)
    } catch (error) {
      this.failIn(round, error as Error)
      return false
    }
    this.#input?.next(value)
    return true
  }

  /** Its stream is over, or does not count, and those of others go on: it takes part with nothing. */
  get #isAbsent(): boolean {
    if (this.#follows) return this.#isFed && this.#collective.giver === undefined
    const hasOthers = this.comm.size > 1
    return (
      hasOthers && this.#termination.own?.kind === ENDED && this.call.signature.ragged === 'rest' && this.#collective.giver === undefined
    )
  }

  /**
   * A round whose value asks for another algorithm has the links to itself: it begins when all before are over, and the next when it is.
   */
  #isReadyFor(value: T): boolean {
    const { algorithm, suited } = this.#collective
    if (suited === undefined || algorithm !== undefined || this.call.signature.ragged === 'rest') return true
    const other = suited(value)
    if (this.#begun > this.#done && (other !== undefined || other !== this.#algorithm)) return false
    if (other !== this.#algorithm) this.#use(other)
    return true
  }

  #use(algorithm: string | undefined): void {
    this.#pipeline?.unsubscribe()
    this.#algorithm = algorithm
    const input = new Subject<T>()
    this.#input = input
    const results = this.#collective.build(this.links, algorithm)(input)
    this.#pipeline = results.subscribe({ next: (result) => this.#over(result), error: (error) => this.fail(error) })
    if (this.closed) this.#pipeline.unsubscribe()
  }

  /** A round is over. */
  #over(result: R | typeof NOTHING | Misfit): void {
    if (this.closed) return
    this.#done++
    if (result instanceof Misfit) return this.stop(result.error)
    this.#window?.done(this.#done)
    if (result !== NOTHING && !this.#deaf && this.#done <= this.#rounds) this.audience.emit(result)
    // Who has begun it goes on.
    if (!this.#beginning) this.#progress()
  }

  #tell(word: Word, single: boolean): void {
    if (word.kind !== FAILED) this.sayToAll(TOLD, [word.kind, word.count, single] satisfies Told)
    else this.sayToAll(FAILURE, failureOf(word.count, this.#failures!.get(this.comm.rank)))
  }

  #hearFailure(from: number, failure: Failure): void {
    if (failure.failed !== false) return this.stop(remoteError(this.comm, from, this.call.signature.name, failure))
    this.#keep(from, failure)
    this.#termination.hear(from, { kind: FAILED, count: failure.round })
  }

  #finish(): void {
    const { how } = this.#end!
    // Who runs ahead has to know that the others want what it has sent.
    if (!this.#isFed || (how === COMPLETE && !this.links.isConfirmed)) return
    this.close(false)
    if (this.#deaf) return
    if (how === COMPLETE) this.audience.finish()
    else this.audience.fail(how === RAGGED ? raggedError(this.#termination.words, this.call, this.comm) : this.#errorOf(how.failed))
  }

  #errorOf(rank: number): Error {
    const error = this.#failures!.get(rank)!
    return rank === this.comm.rank ? (error as Error) : remoteError(this.comm, rank, this.call.signature.name, error as Failure)
  }

  protected override close(whole: boolean): void {
    super.close(whole)
    this.#pipeline?.unsubscribe()
  }
}

import type { Subscriber } from 'rxjs'
import { references } from '../codec/reference.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { Queue } from '../memory/queue.js'
import type { Incoming, Taker, Waiting } from '../progress/incoming.js'
import { MemberGone } from '../progress/rank-failure.js'
import { isSame, isSingle } from './call.js'
import { agree } from './signature-shape.js'
import type { Links, Step, Unit } from './steps.js'

/** Receives the messages of one rank, one after the other, for what is ready to have them. */
export abstract class Receiver implements Taker {
  order = 0
  gone = true
  readonly peer: number
  tag = 0
  protected readonly links: Links
  readonly rank: number
  /** The communicator's rank. */
  readonly party: number
  /** Another receiver of the call. */
  readonly before: Receiver | undefined
  /** The rank has called the same. */
  met = false
  #looking = false
  #waiting = false
  #misfit = false
  #failed = false
  #isMethods = false
  #spoilt: { readonly cause: unknown } | undefined
  /** Messages it has had. */
  #taken = 0
  /** It was made for a call that was under way; the next may have no need of it. */
  protected readonly isLate: boolean

  constructor(links: Links, rank: number) {
    this.links = links
    this.isLate = !links.closed
    this.peer = links.comm.memberOf(rank)
    this.rank = rank
    this.party = links.comm.partyOf(rank)
    this.before = links.join(this)
  }

  /** A call begins. */
  begin(): void {
    this.tag = this.links.tag
    this.met = false
    this.#taken = 0
    if (!this.isLate) this.links.confirm(this.party)
  }

  /** Takes part in the call that is under way. */
  joinIn(): void {
    this.begin()
    this.links.confirm(this.party)
    this.look()
  }

  get site(): CallSite | undefined {
    return this.links.call.site
  }

  /** Whether it can have a message now. */
  protected abstract get ready(): boolean
  protected abstract shape(message: Incoming): number
  protected abstract place(message: Incoming): void
  protected abstract take(message: Incoming): void

  /** A loop and no recursion over the messages that are there already. */
  look(): void {
    if (this.#looking || this.#waiting) return
    const { endpoint, context } = this.links
    this.#looking = true
    while (this.ready && !this.links.closed && !this.#failed) {
      this.#waiting = true
      if (!endpoint.receiveNow(context, this)) {
        this.#post()
        break
      }
      if (this.#waiting) break
    }
    this.#looking = false
  }

  accept(message: Incoming): boolean {
    const { hash } = this.links.call
    this.met = isSame(message.call, hash)
    this.#isMethods = message.call !== hash && isSingle(message.call)
    if (!this.met || !agree(message.shape, this.shape(message))) {
      this.#misfit = true
      return false
    }
    try {
      this.place(message)
      if (message.target === undefined && message.sink === undefined) message.allocate()
      return true
    } catch (error) {
      this.#stop(error)
      return false
    }
  }

  /** What is done with the data as it comes has thrown. */
  spoil(cause: unknown): void {
    this.#spoilt = { cause }
  }

  finish(message: Incoming): void {
    this.#waiting = false
    if (this.links.closed || this.#failed) return
    if (this.#misfit) return this.links.trouble.mismatch()
    if (this.#isMethods) this.links.trouble.single()
    if (this.links.closed) return
    references.here = this.links.endpoint
    if (this.#spoilt !== undefined) return this.#stop(this.#spoilt.cause)
    try {
      this.take(message)
    } catch (error) {
      return this.#stop(error)
    }
    this.#taken++
    this.look()
  }

  fail(error: Error): void {
    this.links.context.matching.withdraw(this)
    this.#waiting = false
    if (!this.links.closed) this.links.trouble.fail(error)
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    this.links.trouble.giveUp(makeError)
  }

  get partOf(): Waiting | null {
    return this.links.closed ? null : this.links.trouble
  }

  describe(): string {
    return `in ${this.links.call.title}${this.links.comm.on} for ${this.links.comm.titleOf(this.rank)}`
  }

  /** Nobody needs what it waits for any more. */
  unsubscribe(): void {
    if (this.#waiting && !this.links.context.matching.withdraw(this)) this.links.endpoint.forsake(this)
    this.#waiting = false
  }

  /** What came for the present unit failed; those before it go on. */
  #stop(error: unknown): void {
    this.#failed = true
    this.links.trouble.fail(error as Error, this.#taken)
  }

  #post(): void {
    const { endpoint, context } = this.links
    const reason = endpoint.whyGone(this.peer)
    if (reason === undefined) endpoint.post(context, this)
    else this.fail(new MemberGone(this.peer, reason))
  }
}

/** The messages of a rank, each as it comes. */
export class Arrivals<U extends Unit> extends Receiver {
  readonly #subscriber: Subscriber<U>
  readonly #take: (message: Incoming) => U
  readonly #place: ((message: Incoming) => void) | undefined
  /** Of a single call there is one, and the rank may end when it is out: what else belongs to the round may still be under way. */
  #isOver = false

  constructor(
    links: Links,
    rank: number,
    subscriber: Subscriber<U>,
    take: (message: Incoming) => U,
    place: ((message: Incoming) => void) | undefined
  ) {
    super(links, rank)
    this.#subscriber = subscriber
    this.#take = take
    this.#place = place
  }

  override begin(): void {
    super.begin()
    this.#isOver = false
  }

  protected get ready(): boolean {
    return !this.#subscriber.closed && !this.#isOver
  }

  protected shape(message: Incoming): number {
    return message.shape
  }

  protected place(message: Incoming): void {
    this.#place?.(message)
  }

  protected take(message: Incoming): void {
    this.#isOver = this.links.single
    this.#subscriber.next(this.#take(message))
  }
}

/** The units that wait for the messages of a rank: the n-th unit meets the n-th message. */
export class Meetings<U extends Unit> extends Receiver {
  readonly #step: Step<U>
  readonly #subscriber: Subscriber<U>
  readonly #units = new Queue<U>()
  /** Units that have come, and those that have gone on; after a failed one there are none any more. */
  #come = 0
  #gone = 0
  #failed = Number.POSITIVE_INFINITY

  constructor(links: Links, step: Step<U>, subscriber: Subscriber<U>) {
    super(links, step.from!)
    this.#step = step
    this.#subscriber = subscriber
  }

  next(unit: U): void {
    const round = this.#come++
    if (round > this.#failed) return
    if (this.isLate) this.links.confirm(this.rank)
    this.#units.push(unit)
    if (!this.links.attempt(this.#step, unit, round)) this.#failed = round
    this.#pass()
    this.look()
  }

  error(error: unknown): void {
    this.#subscriber.error(error)
  }

  complete(): void {}

  protected get ready(): boolean {
    return this.#units.length > 0 && this.#gone < this.#failed
  }

  protected shape(): number {
    return this.#step.shape?.(this.#units.first!) ?? 0
  }

  protected place(message: Incoming): void {
    this.#step.place?.(this.#units.first!, message)
  }

  protected take(message: Incoming): void {
    this.#step.take?.(this.#units.first!, message)
    this.#goOn()
    this.#pass()
  }

  /** Lets units through for which no message comes. */
  #pass(): void {
    const { expects } = this.#step
    if (expects === undefined) return
    while (this.ready && !expects(this.#units.first!)) this.#goOn()
  }

  #goOn(): void {
    this.#gone++
    this.#subscriber.next(this.#units.shift())
  }
}

import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { COLLECTIVES } from '../progress/context-ids.js'
import { MemberGone } from '../progress/rank-failure.js'
import type { Call } from './call.js'
import type { CallRegistry, Party } from './call-registry.js'
import { CALLED, FAILURE, failureOf, type Kind } from './control-messages.js'
import { Links, type Trouble } from './steps.js'

/** Who gets the results. */
export interface Audience<R> {
  emit(result: R): void
  finish(): void
  fail(error: Error): void
  /** Fails with an error that is only made when it is known where the call was. */
  giveUp: Trouble['giveUp']
}

/** This rank in one run of a collective after the other: a method's call, or a subscription of an operator. */
export abstract class Participant<R> implements Trouble, Party {
  readonly peer = ANY_SOURCE
  next: Party | undefined
  protected readonly comm: CommunicatorCore
  protected readonly registry: CallRegistry
  protected readonly links: Links
  protected audience!: Audience<R>
  #call!: Call
  #tag = 0

  constructor(registry: CallRegistry, isAhead: boolean) {
    const { comm } = registry
    this.comm = comm
    this.registry = registry
    this.links = Links.of(comm, comm.id + COLLECTIVES, this, isAhead)
  }

  /** Takes part in a call, or in a further subscription of it; or takes over what another has begun. */
  protected begin(call: Call, audience: Audience<R>, follows?: Party): void {
    this.#call = call
    this.#tag = follows === undefined ? this.registry.tagOf(call) : follows.tag
    this.audience = audience
    this.comm.endpoint.transport.hold()
    this.links.begin(call, this.#tag)
    if (follows === undefined) this.registry.open(this)
    else this.registry.replace(follows, this)
  }

  get call(): Call {
    return this.#call
  }

  titleOf(rank: number): string {
    return this.comm.titleOf(rank)
  }

  get tag(): number {
    return this.#tag
  }

  abstract hear(kind: Kind, from: number, saying: unknown): void
  abstract gone(): void
  abstract single(): void
  protected abstract readonly awaited: string
  /** A rank that has ended well is not missing: it has taken part to the end, which this one will hear of. */
  protected abstract hasLeft(rank: number): boolean
  protected abstract failIn(round: number | undefined, error: Error): void
  protected abstract readonly isHeard: boolean

  get closed(): boolean {
    return this.links.closed
  }

  fail(error: Error, round?: number): void {
    if (this.closed) return
    if (!(error instanceof MemberGone)) this.failIn(round, error)
    else if (error.gone.failed || !this.hasLeft(this.comm.rankOf(error.member))) this.failIn(round, this.comm.named(error))
  }

  /** Nobody can be waited for any more: it fails at once, here and on all other ranks. */
  protected failNow(error: Error, round: number): void {
    this.sayToAll(FAILURE, failureOf(round, error))
    this.stop(error)
  }

  giveUp(makeError: Parameters<Trouble['giveUp']>[0]): void {
    if (this.closed) return
    this.close(false)
    this.audience.giveUp(makeError)
  }

  stop(error: Error): void {
    if (this.closed) return
    const { isHeard } = this
    this.close(false)
    if (isHeard) this.audience.fail(error)
  }

  confirm(to: number): void {
    this.say(to, CALLED, 0)
  }

  mismatch(): void {
    this.registry.alarm(this.call.sequence)
  }

  get unsaid(): Trouble['unsaid'] {
    return this.registry.unsaid
  }

  get met(): number[] {
    return this.links.met
  }

  get site(): CallSite | undefined {
    return this.call.site
  }

  get waits(): boolean {
    return !this.closed
  }

  /** Where no message is waited for. */
  describe(): string {
    return `in ${this.call.title}${this.comm.on} for ${this.awaited}`
  }

  protected say(to: number, kind: Kind, saying: unknown): void {
    this.registry.say(to, this.tag, this.call.hash, kind, saying)
  }

  protected sayToAll(kind: Kind, saying: unknown): void {
    this.registry.sayToAll(this.tag, this.call.hash, kind, saying)
  }

  /** `whole`: no rank sends anything for it any more. */
  protected close(whole: boolean): void {
    this.links.close()
    this.registry.close(this, whole)
    this.comm.endpoint.transport.release()
  }
}

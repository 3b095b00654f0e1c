import { references } from '../codec/reference.js'
import { type Hosts, hostsOf } from '../collective/topology/hosts.js'
import type { Neighborhood } from '../collective/topology/neighborhood.js'
import { ANY_SOURCE } from '../constants.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { type FailedRank, FreedError, RankFailedError, RevokedError } from '../errors.js'
import { FailedMembers } from '../failure/failed-members.js'
import { failureNoticesOf } from '../failure/failure-notices.js'
import type { Context } from '../progress/context.js'
import type { Membership } from '../progress/context-registry.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Taker } from '../progress/incoming.js'
import { type Gone, goneError, MemberGone } from '../progress/rank-failure.js'

/** The root of a rooted collective: a rank, or, over an intercommunicator, one of the group that says so. */
export type Root = number | { readonly local: number }

/** What belongs to a communicator and hears what becomes of it. */
export interface Part {
  /** A member has failed; nothing has failed of it yet. */
  announce?(): void
  /** A member has failed: what cannot be done without it fails. */
  lose?(): void
  /** Nothing is done on the communicator any more: all that is under way fails. */
  breakOff?(makeError: () => Error): void
  /** It was given up on this rank. */
  release?(): void
}

/**
 * What a communicator is inside: its ranks as the endpoint knows them, its contexts, and what has become of it. The public class
 * delegates to it; requests, collectives and streams know nothing else of a communicator.
 */
export class CommunicatorCore implements Membership {
  readonly rank: number
  readonly size: number
  readonly name: string
  readonly endpoint: Endpoint
  /** Its first context. */
  readonly id: number
  /** The context of messages between two of its ranks. */
  readonly context: Context
  /** The endpoint's rank of each rank here. */
  readonly members: readonly number[]
  /** This rank's neighbours, where it is a topology. */
  readonly neighborhood: Neighborhood | undefined
  /** Those of its ranks that have failed. */
  readonly failedMembers: FailedMembers
  readonly #ranks: readonly number[]
  #hosts: Hosts | undefined | null = null
  readonly #parts = new Set<Part>()
  #alive = true
  #revoked = false

  /** `rank`: given where this rank is none of the members. */
  constructor(
    endpoint: Endpoint,
    id: number,
    name: string,
    members: readonly number[],
    neighborhood?: (rank: number) => Neighborhood,
    rank?: number
  ) {
    this.endpoint = endpoint
    this.id = id
    this.members = members
    this.#ranks = inverse(members)
    this.rank = rank ?? this.#ranks[endpoint.transport.rank]!
    this.size = members.length
    this.name = name
    this.neighborhood = neighborhood?.(this.rank)
    this.failedMembers = new FailedMembers(
      endpoint,
      (member) => this.#ranks[member],
      (rank, gone) => this.goneError(rank, gone)
    )
    endpoint.use(id, this)
    this.context = endpoint.context(id)
  }

  /** From now on others may say something of it. */
  join(): void {
    failureNoticesOf(this.endpoint).join(this)
  }

  /** Returns what to call when the part is no more. */
  attach(part: Part): () => void {
    this.#parts.add(part)
    return () => void this.#parts.delete(part)
  }

  /** What was made of this one is revoked with it, as long as it lives. */
  leads(made: CommunicatorCore): void {
    const detach = this.attach({
      breakOff: () => {
        if (this.#revoked && made.alive) made.becomeRevoked()
      }
    })
    made.attach({ release: detach })
  }

  /** How its ranks lie on several hosts; `undefined` where all share one, or none does. */
  get hosts(): Hosts | undefined {
    if (this.#hosts === null) {
      const { hosts } = this.endpoint.transport
      this.#hosts = hosts && hostsOf(this.members.map((member) => hosts[member]!))
    }
    return this.#hosts
  }

  /** The endpoint's rank of a rank here. */
  memberOf(rank: number): number {
    return this.members[rank]!
  }

  rankOf(member: number): number {
    return this.#ranks[member] ?? member
  }

  /** The same rank as collectives number it, which may be among some ranks only. */
  partyOf(rank: number): number {
    return rank
  }

  /** What errors and reports call a rank. */
  titleOf(rank: number): string {
    return `rank ${rank}`
  }

  /** What `RemoteError.rank` says of a rank. */
  numberOf(rank: number): number {
    return rank
  }

  /** Ranks of the group that this rank is in. */
  get groupSize(): number {
    return this.size
  }

  /** Whether a rooted collective's root is this rank. */
  isRoot(root: Root | undefined): boolean {
    return (root ?? 0) === this.rank
  }

  /** It needs a rank that is no more. */
  goneError(rank: number, gone: Gone): RankFailedError {
    return goneError(rank, gone)
  }

  /** What another rank has told of one that has failed. */
  hearFailure(_from: number, message: string, failed: FailedRank | undefined, cause: unknown): RankFailedError {
    return new RankFailedError(message, { cause, failed })
  }

  has(member: number): boolean {
    return this.#ranks[member] !== undefined
  }

  /** For a report: ' on 'world.dup(1)'', which goes without saying where there is but the world. */
  get on(): string {
    return this.endpoint.on(this.id)
  }

  get alive(): boolean {
    return this.#alive
  }

  get revoked(): boolean {
    return this.#revoked
  }

  /** Why nothing can be done with it. */
  get obstacle(): Error | undefined {
    return !this.#alive ? this.freedError() : this.#revoked ? this.#revokedError() : undefined
  }

  /** Throws when it was freed or revoked. */
  checkAlive(): void {
    const { obstacle } = this
    if (obstacle !== undefined) throw obstacle
  }

  /** It is given up. */
  release(): void {
    this.#alive = false
    this.#breakOff(() => this.freedError())
    this.endpoint.disuse(this.id)
    failureNoticesOf(this.endpoint).leave(this)
    for (const part of this.#parts) part.release?.()
  }

  /** It was revoked, here or by another rank. */
  becomeRevoked(): void {
    this.#revoked = true
    this.#breakOff(() => this.#revokedError())
  }

  announce(member: number): void {
    if (this.has(member)) for (const part of this.#parts) part.announce?.()
  }

  /** A message from any rank may have been the failed one's to send. */
  lose(member: number): void {
    if (!this.has(member)) return
    const error = this.#anySourceError()
    if (error !== undefined) {
      const { matching, probes } = this.context
      for (const waiting of [...matching.waiting(), ...probes]) if (waiting.peer === ANY_SOURCE) waiting.fail(error)
    }
    for (const part of this.#parts) part.lose?.()
  }

  poll(): void {
    this.endpoint.transport.poll()
  }

  /** Gives the taker what has come already; false when it has to wait. */
  receiveNow(taker: Taker): boolean {
    references.here = this.endpoint
    return this.endpoint.receiveNow(this.context, taker)
  }

  /** Lets the taker wait. */
  post(taker: Taker): void {
    const error = this.inVain(taker.peer)
    if (error === undefined) this.endpoint.post(this.context, taker)
    else taker.fail(error)
  }

  /** Whether the receive was still waiting. */
  withdraw(taker: Taker): boolean {
    return this.context.matching.withdraw(taker)
  }

  /** Why nothing can come from a member, or from any. */
  inVain(peer: number): RankFailedError | undefined {
    if (peer < 0) return this.#anySourceError()
    const gone = this.endpoint.whyGone(peer)
    return gone && this.goneError(this.rankOf(peer), gone)
  }

  inContext(error: unknown, site: CallSite | undefined): Error {
    return inContext(this.named(error), { rank: this.rank, communicator: this.name }, site)
  }

  /** With the rank here instead of the endpoint's. */
  named<E>(error: E): E | RankFailedError {
    return error instanceof MemberGone ? this.goneError(this.rankOf(error.member), error.gone) : error
  }

  freedError(): Error {
    return new FreedError(`communicator '${this.name}' was freed on this rank; use another, or free it later`)
  }

  #revokedError(): Error {
    return new RevokedError(`communicator '${this.name}' was revoked; let all ranks go on with the one that shrink() gives`)
  }

  /** Fails all that is pending, and drops what comes from now on. */
  #breakOff(makeError: () => Error): void {
    for (const part of this.#parts) part.breakOff?.(makeError)
    this.endpoint.release(this.id, makeError)
  }

  /** A receive from any rank is in vain, unless the program knows of all that have failed. */
  #anySourceError(): RankFailedError | undefined {
    const error = this.failedMembers.unacknowledged
    if (error === undefined) return undefined
    return new RankFailedError(
      `${error.message}; it may have been the one to send what ANY_SOURCE waits for: call ackFailed(), and receive from the others`,
      { failed: error.failed }
    )
  }
}

const inverses = new WeakMap<readonly number[], readonly number[]>()

/** Where each member stands; one for all communicators on the same list, of which one thread may have thousands. */
function inverse(members: readonly number[]): readonly number[] {
  let ranks = inverses.get(members) as number[] | undefined
  if (ranks === undefined) {
    ranks = []
    for (const [rank, member] of members.entries()) ranks[member] = rank
    inverses.set(members, ranks)
  }
  return ranks
}

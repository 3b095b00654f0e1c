import { CommunicatorCore, type Root } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { type FailedRank, RankFailedError } from '../errors.js'
import type { Endpoint } from '../progress/endpoint.js'
import { type Gone, goneError } from '../progress/rank-failure.js'

/** The two groups of an intercommunicator as a rank sees them, by the endpoint's ranks. */
export interface Groups {
  readonly local: readonly number[]
  readonly remote: readonly number[]
  /** The local group comes first where both are in one order. Of two ranks in different groups one says so and the other not. */
  readonly isFirst: boolean
}

/** What a rank of an intercommunicator says to ranks of the remote group: those are its members. */
export class RemoteCore extends CommunicatorCore {
  readonly #local: number

  constructor(endpoint: Endpoint, id: number, name: string, { local, remote }: Groups) {
    super(endpoint, id, name, remote, undefined, local.indexOf(endpoint.transport.rank))
    this.#local = local.length
  }

  override get groupSize(): number {
    return this.#local
  }

  override titleOf(rank: number): string {
    return `rank ${rank} of the remote group`
  }

  override isRoot(root: Root | undefined): boolean {
    return typeof root === 'object' && root?.local === this.rank
  }

  override goneError(rank: number, gone: Gone): RankFailedError {
    return goneError(rank, gone, true)
  }
}

/** The ranks of both groups in one order, the same for all: what the collectives of an intercommunicator know of it. */
export class WholeCore extends CommunicatorCore {
  /** The ranks of this rank's group, by their numbers here. */
  readonly local: readonly number[]
  /** Those of the other. */
  readonly remote: readonly number[]

  constructor(endpoint: Endpoint, id: number, name: string, { local, remote, isFirst }: Groups) {
    super(endpoint, id, name, isFirst ? [...local, ...remote] : [...remote, ...local])
    this.local = local.map((_, rank) => (isFirst ? rank : remote.length + rank))
    this.remote = remote.map((_, rank) => (isFirst ? local.length + rank : rank))
  }

  override titleOf(rank: number): string {
    return `rank ${this.numberOf(rank)}${this.isRemote(rank) ? ' of the remote group' : ''}`
  }

  /** The rank in its own group. */
  override numberOf(rank: number): number {
    return rank - (this.isRemote(rank) ? this.remote : this.local)[0]!
  }

  override goneError(rank: number, gone: Gone): RankFailedError {
    return goneError(this.numberOf(rank), gone, this.isRemote(rank))
  }

  /** For a rank of the remote group the remote one is this. */
  override hearFailure(from: number, message: string, failed: FailedRank | undefined, cause: unknown): RankFailedError {
    if (failed === undefined || !this.isRemote(from)) return super.hearFailure(from, message, failed, cause)
    const { rank, host, reason, remote = false } = failed
    const error = goneError(rank, { reason, host, failed: true }, !remote)
    return new RankFailedError(error.message, { cause, failed: error.failed })
  }

  override inContext(error: unknown, site: CallSite | undefined): Error {
    return inContext(this.named(error), { rank: this.numberOf(this.rank), communicator: this.name }, site)
  }

  isRemote(rank: number): boolean {
    return rank >= this.remote[0]! && rank < this.remote[0]! + this.remote.length
  }
}

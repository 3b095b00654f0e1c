import type { CallSite } from '../diagnostics/call-site.js'
import type { Waiting } from '../progress/incoming.js'
import type { Links, Unit } from './steps.js'

/** A rank that has been sent data and has not said yet that it has called the same: until then nobody knows whether it wants it. */
export class ParticipationAck implements Waiting {
  readonly peer: number
  readonly #links: Links
  readonly #rank: number
  #units: Unit[] = []
  #hasCome = false

  /** `rank`: the communicator's, `member`: the endpoint's. */
  constructor(links: Links, rank: number, member: number) {
    this.#links = links
    this.#rank = rank
    this.peer = member
  }

  /** The unit is not over before. */
  hold(unit: Unit): void {
    unit.pending++
    this.#units.push(unit)
  }

  /** The rank has said so. */
  come(): void {
    this.#hasCome = true
    const units = this.#units
    this.#units = []
    for (const unit of units) this.#links.settle(unit)
  }

  get waits(): boolean {
    return !this.#hasCome && !this.#links.closed
  }

  get site(): CallSite | undefined {
    return this.#links.call.site
  }

  fail(error: Error): void {
    if (this.waits) this.#links.trouble.fail(error)
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    this.#links.trouble.giveUp(makeError)
  }

  get partOf(): Waiting | null {
    return this.#links.closed ? null : this.#links.trouble
  }

  describe(): string {
    return `in ${this.#links.call.title}${this.#links.comm.on} for ${this.#links.trouble.titleOf(this.#rank)} to take part`
  }
}

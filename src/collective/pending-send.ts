import type { CallSite } from '../diagnostics/call-site.js'
import type { Waiting } from '../progress/incoming.js'
import type { Owner } from '../progress/send-queue.js'
import type { Links, Unit } from './steps.js'

/** A message that waits in a link: the endpoint's reports say of it what it is. */
export class PendingSend implements Owner {
  readonly #links: Links
  readonly #unit: Unit
  readonly #to: number

  constructor(links: Links, unit: Unit, to: number) {
    this.#links = links
    this.#unit = unit
    this.#to = to
    unit.pending++
  }

  get site(): CallSite | undefined {
    return this.#links.call.site
  }

  done(): void {
    this.#links.settle(this.#unit)
  }

  fail(error: Error): void {
    if (!this.#links.closed) this.#links.trouble.fail(error)
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    this.#links.trouble.giveUp(makeError)
  }

  get partOf(): Waiting | null {
    return this.#links.closed ? null : this.#links.trouble
  }

  describe(): string {
    return `in ${this.#links.call.title}${this.#links.comm.on} for ${this.#links.comm.titleOf(this.#to)} to take part`
  }
}

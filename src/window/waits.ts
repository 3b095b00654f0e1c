import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { CHANNELS } from '../progress/context-ids.js'
import type { Waiting } from '../progress/incoming.js'

/** One thing that a call waits for: a word of another rank. */
class Wait implements Waiting {
  readonly peer: number
  readonly waits = true
  readonly endless: boolean
  readonly site: CallSite | undefined
  readonly describe: () => string
  readonly fail: (error: Error) => void
  /** There is nothing more to wait for, and that is well. */
  over: (() => void) | undefined

  constructor(peer: number, site: CallSite | undefined, describe: () => string, fail: (error: Error) => void, endless: boolean) {
    this.peer = peer
    this.site = site
    this.describe = describe
    this.fail = fail
    this.endless = endless
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }
}

/** What the calls of a window wait for, beside answers: it is told in reports, and fails when who is waited for does. */
export class Waits {
  readonly #core: CommunicatorCore
  readonly #all = new Set<Wait>()

  constructor(core: CommunicatorCore) {
    this.#core = core
    core.endpoint.context(core.id + CHANNELS).halves = this.#all
  }

  /** Waits for a rank, or for any; returns how to wait no longer. `over`: of a stream, which may never get anything, and ends. */
  add(
    rank: number | undefined,
    site: CallSite | undefined,
    describe: () => string,
    fail: (error: Error) => void,
    over?: () => void
  ): () => void {
    const core = this.#core
    const peer = rank === undefined ? ANY_SOURCE : core.memberOf(rank)
    const end = (): void => {
      if (this.#all.delete(wait)) core.endpoint.transport.release()
    }
    const wait = new Wait(
      peer,
      site,
      describe,
      (error) => {
        end()
        fail(core.named(error))
      },
      over !== undefined
    )
    wait.over =
      over &&
      (() => {
        end()
        over()
      })
    core.endpoint.transport.hold()
    this.#all.add(wait)
    return end
  }

  /** Nothing comes of a rank any more. */
  lose(rank: number, error: Error): void {
    for (const wait of [...this.#all]) if (wait.peer === this.#core.memberOf(rank)) wait.fail(error)
  }

  /** Nothing comes any more. */
  end(error: Error, isOrderly: boolean): void {
    for (const wait of [...this.#all]) {
      if (isOrderly && wait.over !== undefined) wait.over()
      else wait.fail(error)
    }
  }
}

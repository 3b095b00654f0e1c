import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { Request } from '../request/request.js'
import type { Status } from '../request/status.js'

/** A call that is under way, on something made of a communicator. */
export class CallRequest<T> extends Request<T> {
  readonly #core: CommunicatorCore
  readonly #status: Status | undefined

  constructor(core: CommunicatorCore, site: CallSite | undefined, status?: Status) {
    super(site)
    this.#core = core
    this.#status = status
  }

  get status(): Status | undefined {
    return this.settled ? this.#status : undefined
  }

  /** It is over; what comes after that is too late. */
  settle(error: unknown, value?: T): void {
    if (error === null || error === undefined) this.complete(value as T)
    else this.fail(error as Error)
  }

  protected poll(): void {
    this.#core.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#core.inContext(error, site)
  }
}

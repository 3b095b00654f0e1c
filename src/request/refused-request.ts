import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import { Request } from './request.js'

/** Of a call that takes part in nothing, for it was given a bad argument or comes at a bad time. */
export class RefusedRequest<T> extends Request<T> {
  readonly status = undefined
  readonly #core: CommunicatorCore

  constructor(core: CommunicatorCore, error: unknown) {
    super(captureCallSite())
    this.#core = core
    this.refuse(error)
  }

  protected poll(): void {}

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#core.inContext(error, site)
  }
}

import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal } from '../diagnostics/arguments.js'
import { captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { AnyNames } from '../diagnostics/option-names.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { CallRequest } from '../service/call-request.js'

/** This rank's calls on a window, as requests: refused where something is wrong with them or with the window, else kept until they end. */
export class PendingRequests {
  /** Why nothing can be done with the window any more. */
  obstacle: Error | undefined
  readonly #core: CommunicatorCore
  readonly #pending = new Set<CallRequest<unknown>>()

  constructor(core: CommunicatorCore) {
    this.#core = core
  }

  /** Begins a call; what `run` throws is what is wrong with it. */
  begin<T>(names: AnyNames, options: { signal?: AbortSignal }, run: (request: CallRequest<T>) => void): CallRequest<T> {
    const request = new CallRequest<T>(this.#core, recordCallSite())
    try {
      this.checkOpen()
      checkOptions(options, names, '{ target: 1 }')
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      run(request)
      if (request.settled) return request
      const one = request as CallRequest<unknown>
      this.#pending.add(one)
      one.onSettled(() => this.#pending.delete(one))
      if (signal !== undefined) abandonOn(signal, one, (error) => one.fail(error))
      return request
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.#core, captureCallSite()).refuse(error)
    }
  }

  /** A call that is over when it returns, and throws what is wrong with it. */
  here<T>(run: () => T): T {
    try {
      this.checkOpen()
      return run()
    } catch (error) {
      throw this.#core.inContext(error, captureCallSite())
    }
  }

  checkOpen(): void {
    if (this.obstacle !== undefined) throw this.obstacle
    if (this.#core.revoked) this.#core.checkAlive()
  }

  /** All that are under way fail. */
  fail(error: Error): void {
    for (const request of [...this.#pending]) request.fail(error)
  }
}

import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { AnyNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Status } from '../request/status.js'
import { CallRequest } from '../service/call-request.js'
import type { FileMode, ModeTraits } from './modes.js'
import type { FileCallOptions, FilePlace } from './options.js'
import type { Pointers } from './pointers.js'
import type { CollectiveCalls, Together } from './together.js'
import { checkPosition } from './view.js'

/** This rank's calls on a file, as requests: refused where something is wrong with them or with the file, and else kept until they end. */
export class FileRequests {
  /** Why nothing can be done with the file any more. */
  obstacle: Error | undefined
  readonly #core: CommunicatorCore
  readonly #mode: FileMode
  readonly #traits: ModeTraits
  readonly #pointers: Pointers
  readonly #together: CollectiveCalls
  readonly #pending = new Set<CallRequest<unknown>>()

  constructor(core: CommunicatorCore, mode: FileMode, traits: ModeTraits, pointers: Pointers, together: CollectiveCalls) {
    this.#core = core
    this.#mode = mode
    this.#traits = traits
    this.#pointers = pointers
    this.#together = together
  }

  /** A call of this rank alone; what `start` throws is what is wrong with it. */
  independent<T>(
    names: AnyNames,
    options: FilePlace,
    status: Status | undefined,
    start: (request: CallRequest<T>) => void
  ): CallRequest<T> {
    const request = new CallRequest<T>(this.#core, recordCallSite(), status)
    try {
      this.checkOpen()
      checkOptions(options, names, '{ at: 0 }')
      if (options.signal !== undefined) checkSignal(options.signal)
      this.#checkPlace(options)
      start(request)
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.#core, captureCallSite()).refuse(error)
    }
    this.#follow(request, options.signal)
    return request
  }

  /** A call of all ranks; what `prepare` throws is what is wrong with it. */
  collective<T, S>(
    names: AnyNames,
    name: string,
    options: FileCallOptions,
    status: Status | undefined,
    prepare: (request: CallRequest<T>) => Together<T, S>
  ): CallRequest<T> {
    const request = new CallRequest<T>(this.#core, recordCallSite(), status)
    try {
      this.checkOpen()
      checkOptions(options, names, '{ signal }')
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      this.#checkPlace(options)
      this.#together.begin(name, request, signal, prepare(request))
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.#core, captureCallSite()).refuse(error)
    }
    this.#follow(request, options.signal)
    return request
  }

  /** A call that is over when it returns, and throws what is wrong with it. */
  here<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.#core.inContext(error, captureCallSite())
    }
  }

  /** Something that closing waits for, and that freeing fails. */
  track(site: CallSite | undefined): CallRequest<void> {
    const request = new CallRequest<void>(this.#core, site)
    request.look()
    this.#keep(request as CallRequest<unknown>)
    return request
  }

  /** Those that are under way. */
  get pending(): CallRequest<unknown>[] {
    return [...this.#pending]
  }

  checkOpen(): void {
    if (this.obstacle !== undefined) throw this.obstacle
    if (this.#core.revoked) this.#core.checkAlive()
  }

  checkReads(): void {
    if (this.#traits.reads) return
    throw new ArgumentError(`mode: the file was opened with '${this.#mode}', which only writes; open it with '${this.#mode}+' to read, too`)
  }

  checkWrites(): void {
    if (this.#traits.writes) return
    throw new ArgumentError(`mode: the file was opened with '${this.#mode}', which only reads; open it with 'r+', 'w' or 'a' to write`)
  }

  /** Throws why records cannot be read or written now. */
  checkStream(how: 'reads' | 'writes'): void {
    this.checkOpen()
    if (how === 'reads') this.checkReads()
    else {
      this.checkWrites()
      this.#pointers.checkShared()
    }
    if (!this.#pointers.view.isContiguous)
      throw new ArgumentError('view: records lie in a row; set a view without holes: without a layout, and of no struct with padding')
  }

  #checkPlace({ at, shared, signal }: FilePlace): void {
    if (at !== undefined) checkPosition('at', at)
    if (shared !== undefined && typeof shared !== 'boolean') throw new ArgumentError(`shared: expected true or false, got ${shown(shared)}`)
    if (shared === true && at !== undefined) throw new ArgumentError('shared: the common pointer says where; leave out at, or shared')
    if (shared === true) this.#pointers.checkShared()
    if (signal?.aborted) throw abortError(signal)
  }

  /** It is under way. */
  #follow(request: CallRequest<never> | CallRequest<unknown>, signal: AbortSignal | undefined): void {
    if (request.settled) return
    const one = request as CallRequest<unknown>
    one.holds(this.#core.endpoint.transport)
    this.#keep(one)
    if (signal !== undefined) abandonOn(signal, one, (error) => one.fail(error))
  }

  #keep(request: CallRequest<unknown>): void {
    this.#pending.add(request)
    request.onSettled(() => this.#pending.delete(request))
  }
}

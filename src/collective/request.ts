import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import { RemoteError } from '../errors.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { Request } from '../request/request.js'
import { type Call, LARGE_SINGLE, SINGLE, signatureOf } from './call.js'
import type { CallRegistry } from './call-registry.js'
import type { Caller, Definition, Ranks } from './definition.js'
import type { Audience } from './participant.js'
import { Single } from './single.js'

/** A collective under way, of one value on every rank. MPI: MPI_Iallreduce and its kin, MPI 4.1 §6.12. */
class CollectiveRequest<R> extends Request<R> implements Audience<R> {
  readonly status = undefined
  readonly #comm: CommunicatorCore

  constructor(comm: CommunicatorCore, site: CallSite | undefined) {
    super(site)
    this.#comm = comm
  }

  emit(result: R): void {
    this.complete(result)
  }

  finish(): void {
    this.complete(undefined as R)
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return error instanceof RemoteError ? error : this.#comm.inContext(error, site)
  }
}

/** Calls a collective with one value. A bad argument takes part in nothing. */
export function call<T, R>(comm: Caller, make: (ranks: Ranks) => Definition<T, R>, data: T, options: { signal?: AbortSignal }): Request<R> {
  let collective: Definition<T, R>
  let calls: CallRegistry
  let made: Call
  let signal: AbortSignal | undefined
  try {
    checkOptions(options, '{ root: 0 }')
    signal = options.signal
    if (signal !== undefined) checkSignal(signal)
    calls = comm.calls
    collective = make(comm.core)
    if (collective.giver === undefined || collective.giver === comm.core.rank) collective.check?.(data)
    if (signal?.aborted) throw abortError(signal)
    const isUsual = collective.algorithm !== undefined || collective.suited?.(data) === undefined
    made = calls.next(signatureOf(collective), isUsual ? SINGLE : LARGE_SINGLE)
  } catch (error) {
    return new CollectiveRequest<R>(comm.core, captureCallSite()).refuse(error)
  }
  const request = new CollectiveRequest<R>(comm.core, made.site)
  const single = new Single(calls, made, collective, request, data)
  if (signal !== undefined) abandonOn(signal, request, (error) => single.fail(error))
  return request
}

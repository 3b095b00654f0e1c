import type { Collectives } from '../communicator/collectives.js'
import { checkOptions, checkSignal } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import { abandonOn, abortError } from '../diagnostics/cancellation.js'
import { RemoteError } from '../errors.js'
import { Request } from '../request/request.js'
import { signatureOf } from './call.js'
import type { Definition } from './definition.js'
import { type Audience, Session } from './session.js'

/** A collective under way, of one value on every rank. MPI: MPI_Iallreduce and its kin, MPI 4.1 §6.12. */
class CollectiveRequest<R> extends Request<R> implements Audience<R> {
  readonly status = undefined
  readonly #comm: Collectives

  constructor(comm: Collectives, site: CallSite | undefined) {
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
export function call<T, R>(comm: Collectives, make: () => Definition<T, R>, data: T, options: { signal?: AbortSignal }): Request<R> {
  let collective: Definition<T, R>
  let made: ReturnType<Collectives['ledger']['next']>
  let signal: AbortSignal | undefined
  try {
    checkOptions(options, '{ root: 0 }')
    signal = options.signal
    if (signal !== undefined) checkSignal(signal)
    collective = make()
    if (collective.giver === undefined || collective.giver === comm.rank) collective.check?.(data)
    if (signal?.aborted) throw abortError(signal)
    made = comm.ledger.next(signatureOf(collective, undefined, collective.suited?.(data)))
  } catch (error) {
    const refused = new CollectiveRequest<R>(comm, captureCallSite())
    refused.fail(error as Error)
    return refused
  }
  const request = new CollectiveRequest<R>(comm, made.site)
  const session = new Session(comm.ledger, made, collective, request, { value: data })
  if (signal !== undefined) abandonOn(signal, request, (error) => session.fail(error))
  return request
}

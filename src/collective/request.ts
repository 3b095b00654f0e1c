import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkObject, checkSignal } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { checkNames } from '../diagnostics/option-names.js'
import { RemoteError } from '../errors.js'
import type { AnyOp } from '../op/op.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { Request, type ToldAs } from '../request/request.js'
import { type Call, type CallOptions, LARGE_SINGLE, NO_OPTIONS, optionsOf, SINGLE } from './call.js'
import { type Caller, type GivenPlan, givesTo, type Make } from './definition.js'
import type { Audience } from './participant.js'
import type { Plan } from './plan.js'
import { watchData } from './watched-data.js'

/** A collective under way, of one value on every rank. MPI: MPI_Iallreduce and its kin, MPI 4.1 §6.12. */
export class CollectiveRequest<R> extends Request<R> implements Audience<R> {
  readonly status = undefined
  readonly #comm: CommunicatorCore
  readonly #name: string | undefined

  /** `name`: what was called; absent where nothing was. */
  constructor(comm: CommunicatorCore, site: CallSite | undefined, name?: string) {
    super(site)
    this.#comm = comm
    this.#name = name
  }

  emit(result: R): void {
    this.complete(result)
  }

  finish(): void {
    this.complete(undefined as R)
  }

  protected override toldAs(): ToldAs {
    return toldAs(this.#comm, this.#name)
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return error instanceof RemoteError ? error : this.#comm.inContext(error, site)
  }
}

/** How a collective is told of that nobody has looked at. */
export const toldAs = (comm: CommunicatorCore, name: string | undefined): ToldAs =>
  name === undefined ? undefined : { kind: 'collective', describe: () => `${name}${comm.on}` }

/** What the methods take beside their data. */
export type MethodOptions = CallOptions & GivenPlan & { readonly signal?: AbortSignal | undefined }

/** Calls a collective with one value: a round of the stream that stands for it. A bad argument takes part in nothing. */
export function call<T, R>(
  comm: Caller,
  make: Make<T, R>,
  data: T,
  options: MethodOptions = NO_OPTIONS,
  op?: AnyOp,
  site = recordCallSite(make)
): Request<R> {
  let plan: Plan<T, R>
  let algorithm: string | undefined
  let made: Call
  let signal: AbortSignal | undefined
  let gives: boolean
  try {
    checkObject(options, '{ root: 0 }')
    signal = options.signal
    if (signal !== undefined) checkSignal(signal)
    const { calls } = comm
    plan = calls.plans.find(make, options, op)
    const { collective, optionNames } = plan
    checkNames(options, optionNames)
    const own = optionsOf(options)
    collective.checkOptions?.(own)
    gives = givesTo(collective, calls.comm.rank)
    if (gives) collective.check?.(data, own)
    if (signal?.aborted) throw abortError(signal)
    const suited = collective.algorithm === undefined ? collective.suited?.(data) : undefined
    made = calls.next(plan.signature, suited === undefined ? SINGLE : LARGE_SINGLE, site, own)
    algorithm = collective.algorithm ?? suited
  } catch (error) {
    return new CollectiveRequest<R>(comm.core, captureCallSite()).refuse(error)
  }
  const request = new CollectiveRequest<R>(comm.core, made.site, made.signature.name)
  if (gives && comm.core.endpoint.memoryInUse.isChecked) watchData(comm.core, request, made.signature.name, data, made.options.into)
  try {
    const run = plan.run(made, request, data, algorithm)
    if (signal !== undefined) abandonOn(signal, request, (error) => run.fail(error))
  } catch (error) {
    // What a collective of the program's own is made of may be wrong.
    return request.refuse(error)
  }
  return request
}

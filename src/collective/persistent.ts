import { checkObject, checkSignal } from '../diagnostics/arguments.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { checkNames } from '../diagnostics/option-names.js'
import type { AnyOp } from '../op/op.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Target } from '../request/options.js'
import { KeptMemory, Persistent } from '../request/persistent.js'
import type { Request } from '../request/request.js'
import { asideOf } from './aside.js'
import { type Call, type CallOptions, LARGE_SINGLE, optionsOf, SINGLE, signatureOf } from './call.js'
import type { Caller, Make } from './definition.js'
import { optionNamesOf } from './option-names.js'
import { isPiecemeal } from './packed-value.js'
import type { Plan } from './plan.js'
import { CollectiveRequest, type MethodOptions } from './request.js'
import { type Into, pack, sharesOf, UnpackingRequest } from './views.js'
import { watchData } from './watched-data.js'

type Options = Omit<MethodOptions, 'into'> & Into

/**
 * A collective that is made once, in the order of the calls of its communicator, and started again and again, in any order. It is one call,
 * and each start a subscription of it, as of an operator: the n-th start meets the n-th on the other ranks. What a start runs is a round of
 * a stream that stands for the collective, as of a method's call. So what fails at one start is whole at the next.
 */
export class PersistentCollective<R> extends Persistent<R> {
  protected readonly operation: string
  readonly #comm: Caller
  readonly #name: string
  readonly #data: unknown
  readonly #options: Options
  readonly #op: AnyOp | undefined
  readonly #memory: readonly KeptMemory[]
  readonly #call: Call
  readonly #plan: Plan<unknown, unknown>
  readonly #algorithm: string | undefined
  /** Some of what it works on is memory in pieces. */
  readonly #isPiecemeal: boolean

  constructor(
    comm: Caller,
    name: string,
    make: Make<never, unknown>,
    data: unknown,
    given: Options,
    op: AnyOp | undefined,
    site: CallSite | undefined
  ) {
    super(comm.core, site)
    const { calls, core } = comm
    checkObject(given, '{ root: 0 }')
    checkNames(given, optionNamesOf(name))
    if (given.signal !== undefined) checkSignal(given.signal)
    if (given.signal?.aborted) throw abortError(given.signal)
    const options = settled(given)
    const { into } = options as { into?: unknown }
    this.operation = `${name}Init`
    this.#comm = comm
    this.#name = name
    this.#options = options
    this.#isPiecemeal = isPiecemeal(data) || isPiecemeal(into) || Array.isArray(into)
    const packed = this.#isPiecemeal ? pack(core, name, data, options, op) : { data, options, op }
    const plan = calls.plans.find(make as Make<unknown, unknown>, packed.options as MethodOptions, packed.op)
    const { collective } = plan
    const own = optionsOf(packed.options as CallOptions)
    collective.checkOptions?.(own)
    const { gives, gets } = sharesOf(name, core.isRoot(options.root))
    // What this rank has no use for is ignored, as in the method.
    const memory = gives && name !== 'barrier' ? keptOf(data, 'data', name) : []
    if (gets && into !== undefined) memory.push(...keptOf(into, 'into', name))
    if (gives) collective.check?.(packed.data, own)
    const suited = collective.algorithm === undefined ? collective.suited?.(packed.data) : undefined
    this.#data = gives ? data : undefined
    this.#op = op
    this.#memory = memory
    this.#plan = plan
    this.#algorithm = collective.algorithm ?? suited
    const signature = signatureOf({ ...plan.signature, name: this.operation })
    this.#call = calls.nextKept(signature, suited === undefined ? SINGLE : LARGE_SINGLE, site, own)
  }

  protected begin(site: CallSite | undefined): Request<R> {
    this.#comm.calls.checkUsable()
    const { signal } = this.#options
    if (signal?.aborted) throw abortError(signal)
    const call = this.#call
    call.site = site ?? this.site
    if (!this.#isPiecemeal) return this.#plain(site, signal)
    const { data, options, finish, writes } = pack(this.core, this.#name, this.#data, this.#options, this.#op)
    call.options = optionsOf(options as CallOptions)
    return new UnpackingRequest(this.core, site, this.operation).writes(writes).after(this.#run(data, signal), finish) as Request<R>
  }

  #plain(site: CallSite | undefined, signal: AbortSignal | undefined): Request<R> {
    const options = this.#options as CallOptions & Options
    const { gets } = sharesOf(this.#name, this.core.isRoot(options.root))
    const aside = gets ? asideOf(this.core, this.#data, options.into) : undefined
    if (aside === undefined) return this.#run(this.#data, signal) as Request<R>
    this.#call.options = optionsOf({ ...options, into: aside.scratch } as CallOptions)
    const request = new UnpackingRequest(this.core, site, this.#name).writes([options.into as Target])
    return request.after(this.#run(this.#data, signal), aside.finish) as Request<R>
  }

  #run(data: unknown, signal: AbortSignal | undefined): Request<unknown> {
    const request = new CollectiveRequest<unknown>(this.core, this.#call.site, this.operation)
    if (this.core.endpoint.memoryInUse.isChecked) watchData(this.core, request, this.#name, data, this.#call.options.into)
    const run = this.#plan.run(this.#call, request, data, this.#algorithm)
    if (signal !== undefined) abandonOn(signal, request, (error) => run.fail(error))
    return request
  }

  protected checkMemory(): void {
    for (const memory of this.#memory) memory.check()
  }

  protected override release(): void {
    if (this.core.alive) this.#comm.calls.forget(this.#call)
  }
}

function keptOf(value: unknown, name: string, collective: string): KeptMemory[] {
  if (!Array.isArray(value)) return [new KeptMemory(value, name, `i${collective}`)]
  return value.map((part, k) => new KeptMemory(part, `${name}[${k}]`, `i${collective}`))
}

/** The options as they are now: lists that the program may change are copied. */
function settled(options: Options): Options {
  const copied = Object.entries(options).map(([name, value]) => [
    name,
    LISTS.has(name) && value !== undefined ? Array.from(value as ArrayLike<number>) : value
  ])
  return Object.fromEntries(copied) as Options
}

const LISTS = new Set(['counts', 'displs', 'sendCounts', 'sendDispls', 'recvCounts', 'recvDispls'])

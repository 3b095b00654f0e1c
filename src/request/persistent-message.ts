import { datatypeOf, memoryOf } from '../codec/datatype.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkDest, checkObject, checkOptions, checkSignal, checkTag } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { ArgumentError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import type { Memory } from '../memory/copy.js'
import { abortError } from './cancellation.js'
import { type Envelope, envelopeOf } from './envelope.js'
import { FROM, type From, type Target, TO, type To } from './options.js'
import { KeptMemory, Persistent } from './persistent.js'
import { checkTarget, ReceiveRequest, startTaking } from './receive-request.js'
import type { Request } from './request.js'
import { type SendRequest, sendMemory, sendPicked, sent } from './send-request.js'

/** Sends and receives that are made once and started again and again. */

class PersistentSend extends Persistent<void> {
  readonly #data: Target
  /** The bytes of a buffer; of a view its runs are sent. */
  readonly #bytes: Memory | undefined
  readonly #datatype: number
  readonly #memory: KeptMemory
  readonly #dest: number
  readonly #tag: number
  readonly #synchronous: boolean
  readonly #signal: AbortSignal | undefined
  /** Of all starts whose data was out at once: there is nothing in it that they differ in. */
  #sent: SendRequest | undefined

  constructor(core: CommunicatorCore, data: Target, to: To, synchronous: boolean, site: CallSite | undefined) {
    super(core, site)
    core.checkAlive()
    checkOptions(to, TO, '{ dest: 1 }')
    const { dest, tag = 0, signal } = to
    checkDest(dest, core.size)
    checkTag(tag)
    if (signal !== undefined) checkSignal(signal)
    if ((to as { transfer?: boolean }).transfer) {
      throw new ArgumentError('transfer: the memory of a persistent send stays where it is; use send to move it')
    }
    this.#memory = new KeptMemory(data, 'data', synchronous ? 'issend' : 'isend')
    this.#data = data
    this.#datatype = datatypeOf(data)
    this.#bytes = data instanceof Pickable ? undefined : memoryOf(data)
    this.#dest = dest
    this.#tag = tag
    this.#synchronous = synchronous
    this.#signal = signal
  }

  protected begin(site: CallSite | undefined): Request<void> {
    const signal = this.#signal
    if (signal?.aborted) throw abortError(signal)
    const request =
      this.#bytes === undefined
        ? sendPicked(this.core, (this.#data as Pickable).picked, this.#dest, this.#tag, this.#synchronous, signal, site)
        : sendMemory(this.core, this.#datatype, this.#bytes, this.#dest, this.#tag, this.#synchronous, signal, site)
    if (request !== undefined) return request
    this.#sent ??= sent(this.core)
    return this.#sent
  }

  protected checkMemory(): void {
    this.#memory.check()
  }

  protected get operation(): string {
    return this.#synchronous ? 'ssendInit' : 'sendInit'
  }
}

class PersistentReceive<T> extends Persistent<T> {
  readonly #envelope: Envelope
  readonly #into: Target
  readonly #memory: KeptMemory
  readonly #signal: AbortSignal | undefined

  constructor(core: CommunicatorCore, from: From & { into: Target }, site: CallSite | undefined) {
    super(core, site)
    core.checkAlive()
    checkObject(from, '{ source: 0, into: new Float64Array(8) }')
    this.#envelope = envelopeOf(core, from, FROM)
    this.#into = from.into
    this.#memory = new KeptMemory(from.into, 'into', 'irecv')
    checkTarget(from.into)
    this.#signal = from.signal
  }

  protected begin(site: CallSite | undefined): Request<T> {
    const signal = this.#signal
    if (signal?.aborted) throw abortError(signal)
    return startTaking(this.core, new ReceiveRequest<T>(this.core, this.#envelope, this.#into, site), signal)
  }

  protected checkMemory(): void {
    this.#memory.check()
  }

  protected get operation(): string {
    return 'recvInit'
  }
}

export const sendInit = (core: CommunicatorCore, data: Target, to: To, synchronous: boolean): Persistent<void> =>
  made(core, (site) => new PersistentSend(core, data, to, synchronous, site))

export const recvInit = <T>(core: CommunicatorCore, from: From & { into: Target }): Persistent<T> =>
  made(core, (site) => new PersistentReceive<T>(core, from, site))

/** What is bad is thrown, for there is no request yet. */
export function made<P>(core: CommunicatorCore, make: (site: CallSite | undefined) => P): P {
  try {
    return make(recordCallSite())
  } catch (error) {
    throw core.inContext(error, captureCallSite())
  }
}

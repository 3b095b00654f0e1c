import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { takeOver } from '../codec/ownership.js'
import { references } from '../codec/reference.js'
import { PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkAttached, checkDest, checkOptions, checkSignal, checkTag } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { ArgumentError } from '../errors.js'
import { Pickable, type Picked } from '../layout/picked.js'
import { checkThere } from '../layout/view.js'
import type { Memory } from '../memory/copy.js'
import type { Runs } from '../memory/runs.js'
import { goneError } from '../progress/rank-failure.js'
import { EAGER_BYTES, Outgoing, type Owner, type SendQueue } from '../progress/send-queue.js'
import { abandonOn, abortError } from './cancellation.js'
import { checkUnused, readingOf } from './memory-use.js'
import { TO, type To } from './options.js'
import { Request } from './request.js'

/** A send. MPI: MPI_Isend, MPI_Issend. */
export class SendRequest extends Request<void> implements Owner {
  readonly status = undefined
  readonly #comm: CommunicatorCore
  #dest = 0
  #link: SendQueue | undefined
  #message: Outgoing | undefined

  constructor(comm: CommunicatorCore, site: CallSite | undefined) {
    super(site)
    this.#comm = comm
  }

  /** It waits, and what it sends is this memory until it does not. Throws where a receive is into it. */
  keepMemory(memory: Memory | Runs): void {
    const use = readingOf(memory, this.site)
    checkUnused(this.#comm, use)
    this.keep(this.#comm.endpoint.memoryInUse, use)
  }

  /** It goes when it can. */
  start(link: SendQueue, message: Outgoing, dest: number, signal: AbortSignal | undefined): this {
    this.#link = link
    this.#message = message
    this.#dest = dest
    this.holds(this.#comm.endpoint.transport)
    link.send(message)
    if (signal !== undefined) abandonOn(signal, this, (error) => this.abandon(error))
    return this
  }

  /** All is out. */
  done(): void {
    this.complete(undefined)
  }

  /** Takes the message back, as far as that is still possible. */
  abandon(error: Error): void {
    if (this.settled) return
    this.#link!.retract(this.#message!)
    this.fail(error)
  }

  describe(): string {
    const { tag, synchronous } = this.#message!
    return `in ${synchronous ? 'ssend' : 'send'}${this.#comm.on} for rank ${this.#dest} to receive, tag ${tag}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}

/** Sends; the request is `undefined` when all is out already. A bad argument is a request that has failed. */
export function send(
  comm: CommunicatorCore,
  data: unknown,
  to: To & { transfer?: boolean },
  synchronous: boolean
): SendRequest | undefined {
  const site = recordCallSite()
  try {
    comm.checkAlive()
    checkOptions(to, TO, '{ dest: 1 }')
    const { dest, tag = 0, transfer = false, signal } = to
    checkDest(dest, comm.size)
    checkTag(tag)
    if (signal !== undefined) checkSignal(signal)
    const datatype = datatypeOf(data)
    const picked = datatype === OBJECT && data instanceof Pickable
    if (datatype !== OBJECT) checkAttached(data as BufferLike, 'data')
    else if (picked) checkPicked(data, transfer)
    else if (transfer) throw new ArgumentError('transfer: only typed arrays, DataView, Buffer and ArrayBuffer can be moved')
    if (signal?.aborted) throw abortError(signal)
    if (picked) return sendPicked(comm, data.picked, dest, tag, synchronous, signal, site)
    const { endpoint, id } = comm
    references.here = endpoint
    const bytes = datatype === OBJECT ? encodeObject(data) : transfer ? takeOver(data as BufferLike) : memoryOf(data as BufferLike)
    if (dest === PROC_NULL) return undefined
    const queue = queueTo(comm, dest)
    if (!synchronous && queue.sendNow(id, tag, datatype, bytes as Uint8Array, bytes.byteLength)) return undefined
    const request = new SendRequest(comm, site)
    const kept = datatype === OBJECT ? (bytes as Uint8Array).slice() : bytes
    const moved = transfer && kept.byteLength > EAGER_BYTES ? (kept.buffer as ArrayBuffer) : undefined
    if (datatype !== OBJECT && !transfer) request.keepMemory(kept)
    return request.start(queue, new Outgoing(id, tag, datatype, kept, synchronous, moved, request), dest, signal)
  } catch (error) {
    return new SendRequest(comm, captureCallSite()).refuse(error)
  }
}

function checkPicked(data: Pickable, transfer: boolean): void {
  if (transfer)
    throw new ArgumentError('transfer: the memory of a view cannot be moved, for only a part of it is sent; send without transfer')
  checkThere(data, 'data')
}

/** The same for the memory of a buffer, when all is checked. */
export function sendMemory(
  comm: CommunicatorCore,
  datatype: number,
  bytes: Memory,
  dest: number,
  tag: number,
  synchronous: boolean,
  signal: AbortSignal | undefined,
  site: CallSite | undefined
): SendRequest | undefined {
  if (dest === PROC_NULL) return undefined
  const { id } = comm
  const queue = queueTo(comm, dest)
  if (!synchronous && queue.sendNow(id, tag, datatype, bytes as Uint8Array, bytes.byteLength)) return undefined
  const request = new SendRequest(comm, site)
  request.keepMemory(bytes)
  return request.start(queue, new Outgoing(id, tag, datatype, bytes, synchronous, undefined, request), dest, signal)
}

/** The way to a rank. Throws where it is no more. */
function queueTo(comm: CommunicatorCore, dest: number): SendQueue {
  const member = comm.memberOf(dest)
  const reason = comm.endpoint.whyGone(member)
  if (reason !== undefined) throw goneError(dest, reason)
  return comm.endpoint.link(member)
}

/** The same for memory in pieces: they are gathered straight into the segments. */
export function sendPicked(
  comm: CommunicatorCore,
  { runs, datatype, shape }: Picked,
  dest: number,
  tag: number,
  synchronous: boolean,
  signal: AbortSignal | undefined,
  site: CallSite | undefined
): SendRequest | undefined {
  if (dest === PROC_NULL) return undefined
  const { id } = comm
  const queue = queueTo(comm, dest)
  if (!synchronous && queue.sendNow(id, tag, datatype, nothing, runs.byteLength, 0, shape, runs)) return undefined
  const request = new SendRequest(comm, site)
  const message = new Outgoing(id, tag, datatype, nothing, synchronous, undefined, request, runs)
  message.shape = shape
  request.keepMemory(runs)
  return request.start(queue, message, dest, signal)
}

const nothing = new Uint8Array(0)

/** A send that is out already. */
export function sent(comm: CommunicatorCore): SendRequest {
  const request = new SendRequest(comm, undefined)
  request.done()
  return request
}

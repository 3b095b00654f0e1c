import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import { snapshot } from '../codec/ownership.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkDest, checkOptions, checkReceiveTag, checkSignal, checkSource, checkTag } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { Pickable } from '../layout/picked.js'
import { EXCHANGE, type Exchange, type From, type Target, type To } from './options.js'
import { checkTarget, type ReceiveRequest, receive } from './receive-request.js'
import { Request, type ToldAs } from './request.js'
import { type SendRequest, send } from './send-request.js'
import { checkStatus, type Status } from './status.js'

/** Sends and receives at once. Nothing is sent where an argument of either is bad. */
export function sendrecv<R>(comm: CommunicatorCore, data: unknown, exchange: Exchange): Promise<R> {
  try {
    check(comm, exchange)
  } catch (error) {
    return Promise.reject(error)
  }
  const { dest, sendTag, source, recvTag, into, status, signal } = exchange
  const given = into !== undefined ? apart(data, into) : data
  const outgoing = send(comm, given, { dest, tag: sendTag, signal } as To, false)
  if (outgoing?.failed) return outgoing.wait() as Promise<never>
  const incoming = receive<R>(comm, { source, tag: recvTag, into, status, signal } as From)
  return outgoing === undefined ? incoming.wait() : both(outgoing, incoming)
}

async function both<R>(outgoing: SendRequest, incoming: ReceiveRequest<R>): Promise<R> {
  incoming.look()
  try {
    await outgoing.wait()
  } catch (error) {
    incoming.cancel()
    throw error
  }
  return incoming.wait()
}

/** The same as a request: complete when both are. */
export function isendrecv<R>(comm: CommunicatorCore, data: unknown, exchange: Exchange): Request<R> {
  const site = recordCallSite()
  try {
    check(comm, exchange)
    const { dest, sendTag, source, recvTag, into, status, signal } = exchange
    const given = into !== undefined ? apart(data, into) : data
    const outgoing = send(comm, given, { dest, tag: sendTag, signal } as To, false)
    if (outgoing?.failed) {
      outgoing.look()
      return new ExchangeRequest<R>(comm, site, undefined).refuse(outgoing.failure)
    }
    const incoming = receive<R>(comm, { source, tag: recvTag, into, status, signal } as From)
    return new ExchangeRequest<R>(comm, site, incoming).await(outgoing, incoming)
  } catch (error) {
    return new ExchangeRequest<R>(comm, site, undefined).refuse(error)
  }
}

/** A send and a receive under way together. MPI: MPI_Isendrecv, MPI_Isendrecv_replace. */
class ExchangeRequest<R> extends Request<R> {
  readonly #comm: CommunicatorCore
  readonly #incoming: Request<R> | undefined

  constructor(comm: CommunicatorCore, site: CallSite | undefined, incoming: Request<R> | undefined) {
    super(site)
    this.#comm = comm
    this.#incoming = incoming
  }

  await(outgoing: Request<void> | undefined, incoming: Request<R>): this {
    let pending = outgoing === undefined ? 1 : 2
    const settled = (request: Request<unknown>): void => {
      const { failure } = request
      if (failure !== undefined) {
        incoming.cancel()
        this.fail(failure)
      } else if (--pending === 0) this.complete(incoming.value as R)
    }
    for (const request of [outgoing, incoming]) {
      if (request === undefined) continue
      request.look()
      request.onSettled(() => settled(request))
    }
    return this
  }

  get status(): Status | undefined {
    if (!this.settled) return undefined
    this.seen()
    return this.#incoming?.status
  }

  protected override toldAs(): ToldAs {
    const status = this.#incoming?.status
    if (status === undefined || status.source === PROC_NULL) return undefined
    const { source, tag } = status
    const comm = this.#comm
    return { kind: 'receive', describe: () => `isendrecv${comm.on} from rank ${source}, tag ${tag}` }
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}

/** What is sent, or a copy where it shares memory with what is received into. */
function apart(data: unknown, into: Target): unknown {
  const isPicked = data instanceof Pickable
  if ((!isPicked && datatypeOf(data) === OBJECT) || bufferOf(data as Target) !== bufferOf(into)) return data
  return isPicked ? data.copied() : snapshot(data as BufferLike)
}

const bufferOf = (target: Target): ArrayBufferLike =>
  target instanceof Pickable ? target.picked.runs.buffer : ArrayBuffer.isView(target) ? target.buffer : target

function check(comm: CommunicatorCore, exchange: Exchange): void {
  try {
    comm.checkAlive()
    checkOptions(exchange, EXCHANGE, '{ dest: 1, source: 0 }')
    const { dest, sendTag = 0, source = ANY_SOURCE, recvTag = ANY_TAG, into, status, signal } = exchange
    checkDest(dest, comm.size)
    checkTag(sendTag, 'sendTag')
    checkSource(source, comm.size)
    checkReceiveTag(recvTag, 'recvTag')
    if (into !== undefined) checkTarget(into)
    if (status !== undefined) checkStatus(status)
    if (signal !== undefined) checkSignal(signal)
  } catch (error) {
    throw comm.inContext(error, captureCallSite())
  }
}

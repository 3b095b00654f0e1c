import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { Incoming } from '../progress/incoming.js'
import { abandonOn } from './cancellation.js'
import { anything, describeEnvelope, type Envelope, envelopeNow, envelopeOf, fillStatus, withUnreceived } from './envelope.js'
import { Message } from './message.js'
import { type From, PROBE } from './options.js'
import { startTaking, TakingRequest } from './receive-request.js'
import { Request } from './request.js'
import { Status } from './status.js'

/** A matched probe: takes the message out of the queue and leaves its data where it is. MPI: MPI_Mprobe. */
export class ClaimRequest<T> extends TakingRequest<Message<T>> {
  readonly claims = true

  protected get operation(): string {
    return 'mprobe'
  }

  accept(): boolean {
    return true
  }

  finish(message: Incoming): void {
    this.found(message)
    this.complete(new Message<T>(this.comm, fillStatus(new Status(), this.comm, message), undefined, message))
  }

  finishEmpty(): this {
    this.complete(new Message<T>(this.comm, this.foundNobody(), undefined))
    return this
  }
}

/** A probe: looks, and leaves the message in the queue. MPI: MPI_Probe. */
export class ProbeRequest extends Request<Status> {
  /** The place among the receives that wait. */
  order = 0
  readonly peer: number
  readonly tag: number
  readonly status: Status
  readonly #comm: CommunicatorCore

  constructor(comm: CommunicatorCore, { peer, tag, status }: Envelope, site: CallSite | undefined) {
    super(site)
    this.#comm = comm
    this.peer = peer
    this.tag = tag
    this.status = status ?? new Status()
  }

  /** Looks at a message that has come. */
  see(message: Incoming): void {
    if (this.peer !== ANY_SOURCE && this.peer !== message.source) return
    if (this.tag !== ANY_TAG && this.tag !== message.tag) return
    unwatch(this.#comm, this)
    this.complete(fillStatus(this.status, this.#comm, message))
  }

  finishEmpty(): this {
    this.complete(this.status.setNobody())
    return this
  }

  override cancel(): boolean {
    if (this.settled) return false
    unwatch(this.#comm, this)
    this.complete(this.status.setCancelled())
    return true
  }

  protected override leave(): void {
    unwatch(this.#comm, this)
  }

  describe(): string {
    return `in probe${this.#comm.on} for ${describeEnvelope(this.#comm, this)}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(withUnreceived(this.#comm, this, error), site)
  }
}

export function probe(comm: CommunicatorCore, from: Omit<From, 'into'> | undefined): Request<Status> {
  const site = recordCallSite()
  try {
    return startProbe(comm, new ProbeRequest(comm, envelopeOf(comm, from, PROBE), site), from?.signal)
  } catch (error) {
    return new ProbeRequest(comm, anything, captureCallSite()).refuse(error)
  }
}

/** What `probe` would find now. */
export function probeNow(comm: CommunicatorCore, from: Omit<From, 'into' | 'signal'> | undefined): Status | undefined {
  const { peer, tag, status = new Status() } = envelopeNow(comm, from, PROBE)
  if (peer === PROC_NULL) return status.setNobody()
  comm.poll()
  const message = comm.context.matching.find(peer, tag)
  if (message === undefined) seek(comm, peer)
  return message && fillStatus(status, comm, message)
}

export function claim<T>(comm: CommunicatorCore, from: Omit<From, 'into'> | undefined): Request<Message<T>> {
  const site = recordCallSite()
  try {
    return startTaking(comm, new ClaimRequest<T>(comm, envelopeOf(comm, from, PROBE), site), from?.signal)
  } catch (error) {
    return new ClaimRequest<T>(comm, anything, captureCallSite()).refuse(error)
  }
}

/** What `claim` would take now. */
export function claimNow<T>(comm: CommunicatorCore, from: Omit<From, 'into' | 'signal'> | undefined): Message<T> | undefined {
  const request = new ClaimRequest<T>(comm, envelopeNow(comm, from, PROBE), undefined)
  if (request.peer === PROC_NULL) return request.finishEmpty().value
  comm.poll()
  if (comm.endpoint.receiveNow(comm.context, request)) return request.value
  seek(comm, request.peer)
  return undefined
}

function startProbe(comm: CommunicatorCore, probe: ProbeRequest, signal: AbortSignal | undefined): ProbeRequest {
  if (probe.peer === PROC_NULL) return probe.finishEmpty()
  comm.poll()
  const { matching, probes } = comm.context
  const message = matching.find(probe.peer, probe.tag)
  const error = comm.inVain(probe.peer)
  if (message !== undefined) probe.see(message)
  else if (error !== undefined) probe.fail(error)
  else {
    probe.holds(comm.endpoint.transport)
    probe.order = matching.next()
    probes.push(probe)
    comm.endpoint.seek(probe.peer)
    if (signal !== undefined) {
      abandonOn(signal, probe, (error) => {
        unwatch(comm, probe)
        probe.fail(error)
      })
    }
  }
  return probe
}

/** There is nothing now; throws when there never will be. */
function seek(comm: CommunicatorCore, peer: number): void {
  const error = comm.inVain(peer)
  if (error !== undefined) throw comm.inContext(error, captureCallSite())
  comm.endpoint.seek(peer)
}

function unwatch({ context: { probes } }: CommunicatorCore, probe: ProbeRequest): void {
  const index = probes.indexOf(probe)
  if (index >= 0) probes.splice(index, 1)
}

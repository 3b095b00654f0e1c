import { type BufferLike, datatypeOf, matches, memoryOf, nameOf, OBJECT } from '../codec/datatype.js'
import type { PointToPoint } from '../communicator/point-to-point.js'
import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { ArgumentError, DatatypeError, TruncationError } from '../errors.js'
import type { Memory } from '../memory/copy.js'
import type { Incoming, Taker } from '../progress/incoming.js'
import { Message } from './message.js'
import { Request } from './request.js'
import { Status } from './status.js'

/** Finds a place for a message's data: in `into`, or a buffer of its own. Returns what is wrong with it. */
export function place(comm: PointToPoint, message: Incoming, into: BufferLike | undefined): Error | undefined {
  try {
    if (into !== undefined) message.redirect(fitting(into, message.datatype, message.bytes, () => describeOrigin(comm, message)))
    else if (message.target === undefined && !message.moves) message.allocate()
    return undefined
  } catch (error) {
    message.target = undefined
    return error as Error
  }
}

const describeOrigin = (comm: PointToPoint, { source, tag }: Incoming): string => `rank ${comm.rankOf(source)} with tag ${tag}`

/** The memory of a buffer for data of that kind and length; `from` is whose it is. */
export function fitting(into: BufferLike, datatype: number, bytes: number, from: () => string): Memory {
  const expected = datatypeOf(into)
  if (!matches(expected, datatype)) {
    const what = datatype === OBJECT ? 'an object' : `a ${nameOf(datatype)}`
    throw new DatatypeError(
      `into: a ${nameOf(expected)} cannot receive ${what} from ${from()}; receive it without into, or into a buffer of its kind`
    )
  }
  const memory = usable(into)
  if (bytes > memory.byteLength) {
    throw new TruncationError(
      `into: the message from ${from()} has ${bytes} bytes, the buffer only ${memory.byteLength}; ` +
        'give a larger one, or ask probe for the length first'
    )
  }
  return memory
}

/** The bytes of a buffer for receiving; a detached one is an ArgumentError. */
function usable(into: BufferLike): Memory {
  try {
    return memoryOf(into)
  } catch (cause) {
    throw detached(cause)
  }
}

const detached = (cause: unknown): ArgumentError =>
  new ArgumentError('into: the buffer is detached (it was transferred away); give one that is not', { cause })

/** The order of a receive whose call is still on the stack. */
const NEVER_POSTED = -1

/** What all requests of a communicator that take a message have in common. */
export abstract class TakingRequest<T> extends Request<T> implements Taker {
  order = NEVER_POSTED
  gone = true
  readonly peer: number
  readonly tag: number
  protected readonly comm: PointToPoint
  #status: Status | undefined
  /** What was received, until somebody asks for the status. */
  #message: Incoming | undefined

  constructor(comm: PointToPoint, { peer, tag, status }: Envelope, site: CallSite | undefined) {
    super(site)
    this.comm = comm
    this.peer = peer
    this.tag = tag
    this.#status = status
  }

  get status(): Status | undefined {
    if (this.#message !== undefined) {
      this.#status = this.comm.fillStatus(this.#status ?? new Status(), this.#message)
      this.#message = undefined
    }
    return this.settled ? this.#status : undefined
  }

  protected found(message: Incoming): void {
    if (this.#status === undefined) this.#message = message
    else this.comm.fillStatus(this.#status, message)
  }

  protected foundNobody(): Status {
    this.#status ??= new Status()
    return this.#status.setNobody()
  }

  abstract accept(message: Incoming): boolean
  abstract finish(message: Incoming): void
  /** Of a receive from nobody. */
  abstract finishEmpty(): this

  override cancel(): boolean {
    if (this.settled || !this.comm.withdraw(this)) return false
    this.#status ??= new Status()
    this.#status.setCancelled()
    this.completeEmpty()
    return true
  }

  protected override leave(): void {
    this.comm.withdraw(this)
  }

  describe(): string {
    return `in ${this.operation}${this.comm.on} for ${describeEnvelope(this.comm, this)}`
  }

  protected abstract get operation(): string

  protected poll(): void {
    this.comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.comm.inContext(error, site)
  }
}

/** A receive. MPI: MPI_Irecv. */
export class ReceiveRequest<T> extends TakingRequest<T> {
  readonly #into: BufferLike | undefined
  #misfit: Error | undefined

  constructor(comm: PointToPoint, envelope: Envelope, into: BufferLike | undefined, site: CallSite | undefined) {
    super(comm, envelope, site)
    this.#into = into
  }

  accept(message: Incoming): boolean {
    this.#misfit = place(this.comm, message, this.#into)
    if (this.#misfit !== undefined && this.order === NEVER_POSTED) this.callIsHere()
    return this.#misfit === undefined
  }

  refuse(cause: unknown): void {
    this.#misfit = detached(cause)
  }

  finish(message: Incoming): void {
    this.found(message)
    if (this.#misfit !== undefined) return this.fail(this.#misfit)
    let value: unknown
    try {
      value = this.#into ?? message.value()
    } catch (error) {
      return this.fail(error as Error)
    }
    this.complete(value as T)
  }

  protected get operation(): string {
    return 'recv'
  }

  finishEmpty(): this {
    this.foundNobody()
    this.complete(undefined as T)
    return this
  }
}

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
    this.complete(new Message<T>(this.comm, this.comm.fillStatus(new Status(), message), undefined, message))
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
  readonly #comm: PointToPoint

  constructor(comm: PointToPoint, { peer, tag, status }: Envelope, site: CallSite | undefined) {
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
    this.#comm.unwatch(this)
    this.complete(this.#comm.fillStatus(this.status, message))
  }

  finishEmpty(): this {
    this.complete(this.status.setNobody())
    return this
  }

  override cancel(): boolean {
    if (this.settled) return false
    this.#comm.unwatch(this)
    this.complete(this.status.setCancelled())
    return true
  }

  protected override leave(): void {
    this.#comm.unwatch(this)
  }

  describe(): string {
    return `in probe${this.#comm.on} for ${describeEnvelope(this.#comm, this)}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}

/** Whom and what a receive is for, in ranks of the endpoint. */
export interface Envelope {
  readonly peer: number
  readonly tag: number
  readonly status?: Status | undefined
}

export function describeEnvelope(comm: PointToPoint, { peer, tag }: Envelope): string {
  const from = peer === ANY_SOURCE ? 'any rank' : `rank ${comm.rankOf(peer)}`
  return `${from}, ${tag === ANY_TAG ? 'any tag' : `tag ${tag}`}`
}

import { withArticle } from '../codec/article.js'
import { type BufferLike, datatypeOf, matches, memoryOf, nameOf, OBJECT, RECORDS } from '../codec/datatype.js'
import { PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkInto, checkOptions } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { AliasError, ArgumentError, DatatypeError, TruncationError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import { recognised } from '../layout/signature.js'
import { checkThere } from '../layout/view.js'
import type { Memory } from '../memory/copy.js'
import type { Runs } from '../memory/runs.js'
import { AT_ONCE, type Incoming, type Taker } from '../progress/incoming.js'
import { tellsReceives } from '../progress/message-observers.js'
import { abandonOn } from './cancellation.js'
import { anything, describeEnvelope, type Envelope, envelopeOf, fillStatus, withUnreceived } from './envelope.js'
import { checkUnused, writingOf } from './memory-use.js'
import { FROM, type From, type Target } from './options.js'
import { Request, type ToldAs } from './request.js'
import { Status } from './status.js'

/**
 * Finds a place for a message's data: in `into`, or a buffer of its own, which `isAside` makes it have in any case. Returns what is wrong
 * with it.
 */
export function place(comm: CommunicatorCore, message: Incoming, into: Target | undefined, isAside = false): Error | undefined {
  try {
    const from = (): string => describeOrigin(comm, message)
    if (into instanceof Pickable) {
      const runs = fittingRuns(into, message.datatype, message.shape, message.bytes, from)
      if (!isAside) message.spread(runs)
    } else if (into !== undefined) {
      const memory = fitting(into, message.datatype, message.bytes, from)
      if (!isAside) message.redirect(memory)
    }
    if ((into === undefined || isAside) && message.target === undefined && !message.moves) message.allocate()
    return undefined
  } catch (error) {
    message.target = undefined
    return error as Error
  }
}

const describeOrigin = (comm: CommunicatorCore, { source, tag }: Incoming): string => `rank ${comm.rankOf(source)} with tag ${tag}`

/** The memory of a buffer for data of that kind and length; `from` is whose it is. */
export function fitting(into: BufferLike, datatype: number, bytes: number, from: () => string): Memory {
  const expected = datatypeOf(into)
  if (!matches(expected, datatype)) {
    throw new DatatypeError(
      `into: ${withArticle(nameOf(expected))} cannot receive ${contentOf(datatype)} from ${from()}; receive it without into, or into a buffer of its kind`
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

/** The pieces of a view for data of that kind, of records of that shape, and length. */
export function fittingRuns(into: Pickable, datatype: number, shape: number, bytes: number, from: () => string): Runs {
  const { runs, datatype: expected, shape: record, signature } = into.picked
  if (!matches(expected, datatype) || record !== (datatype === RECORDS ? shape : 0)) {
    throw new DatatypeError(
      `into: a view of ${signature} cannot receive ${contentOf(datatype, shape)} from ${from()}; receive it without into, or into a view of its types`
    )
  }
  checkThere(into, 'into')
  if (bytes > runs.byteLength) {
    throw new TruncationError(
      `into: the message from ${from()} has ${bytes} bytes, the view picks only ${runs.byteLength}; ` +
        'give a larger one, or ask probe for the length first'
    )
  }
  return runs
}

/** What has come, in words. */
function contentOf(datatype: number, shape?: number): string {
  if (datatype === OBJECT) return 'an object'
  if (datatype !== RECORDS) return withArticle(nameOf(datatype))
  if (shape === undefined) return 'records'
  const types = recognised(shape)?.rootText
  return types === undefined ? 'records of other types' : `records of (${types})`
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
/** What is no longer than that comes in one segment, unless segments are shorter still. */
const WHOLE_BYTES = 2 ** 13

/** What all requests of a communicator that take a message have in common. */
export abstract class TakingRequest<T> extends Request<T> implements Taker {
  order = NEVER_POSTED
  gone = true
  readonly peer: number
  readonly tag: number
  since: number | undefined
  protected readonly comm: CommunicatorCore
  #status: Status | undefined
  /** What was received, until somebody asks for the status. */
  #message: Incoming | undefined

  constructor(comm: CommunicatorCore, { peer, tag, status }: Envelope, site: CallSite | undefined) {
    super(site)
    this.comm = comm
    this.peer = peer
    this.tag = tag
    this.since = tellsReceives() ? AT_ONCE : undefined
    this.#status = status
  }

  get status(): Status | undefined {
    if (this.settled) this.seen()
    if (this.#message !== undefined) {
      this.#status = fillStatus(this.#status ?? new Status(), this.comm, this.#message, this.recordBytes)
      this.#message = undefined
    }
    return this.settled ? this.#status : undefined
  }

  protected override toldAs(): ToldAs {
    const { comm, operation } = this
    const message = this.#message
    const source = message === undefined ? this.#status!.source : comm.rankOf(message.source)
    const tag = message === undefined ? this.#status!.tag : message.tag
    if (source === PROC_NULL) return undefined
    return { kind: 'receive', describe: () => `i${operation}${comm.on} from rank ${source}, tag ${tag}` }
  }

  protected found(message: Incoming): void {
    if (this.#status === undefined) this.#message = message
    else fillStatus(this.#status, this.comm, message, this.recordBytes)
  }

  /** What a record is of what is received, where that is more than the elements of a typed array. */
  protected get recordBytes(): number {
    return 0
  }

  protected foundNobody(): Status {
    this.#status ??= new Status()
    return this.#status.setNobody()
  }

  /** Throws where another call is on the memory that it receives into. */
  checkMemory(): void {}

  /** It waits, and has that memory until it does not. */
  keepMemory(): void {}

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
    return this.comm.inContext(withUnreceived(this.comm, this, error), site)
  }
}

/** A receive. MPI: MPI_Irecv. */
export class ReceiveRequest<T> extends TakingRequest<T> {
  readonly #into: Target | undefined
  #misfit: Error | undefined
  /** Its data comes to memory of its own first, so that what the program does to `into` meanwhile shows. */
  #isAside = false

  constructor(comm: CommunicatorCore, envelope: Envelope, into: Target | undefined, site: CallSite | undefined) {
    super(comm, envelope, site)
    this.#into = into
  }

  accept(message: Incoming): boolean {
    const isChecked = this.#into !== undefined && this.comm.endpoint.memoryInUse.isChecked
    if (isChecked) this.#isAside = this.#isToCome(message)
    this.#misfit = place(this.comm, message, this.#into, this.#isAside)
    if (isChecked && this.#misfit === undefined && !this.#isAside) this.#look(message)
    if (this.#misfit !== undefined && this.order === NEVER_POSTED) this.callIsHere()
    return this.#misfit === undefined
  }

  /** Whether the program gets a turn before all of the data is there. */
  #isToCome({ complete, arrived, bytes }: Incoming): boolean {
    if (complete && this.order === NEVER_POSTED) return false
    return arrived > 0 || bytes > Math.min(WHOLE_BYTES, this.comm.endpoint.transport.maxSegment / 2)
  }

  /** Whether `into` is as it was at the call, before the first of the data is written. */
  #look(message: Incoming): void {
    this.#misfit = this.leaveMemory()
    if (this.#misfit === undefined) return
    message.target = undefined
    message.sink = undefined
  }

  spoil(cause: unknown): void {
    this.#misfit = detached(cause)
  }

  finish(message: Incoming): void {
    this.found(message)
    if (this.#misfit === undefined && this.#isAside) this.#misfit = this.leaveMemory() ?? place(this.comm, message, this.#into)
    if (this.#misfit !== undefined) return this.#misfit instanceof AliasError ? this.failHere(this.#misfit) : this.fail(this.#misfit)
    let value: unknown
    try {
      value = this.#into ?? message.value()
    } catch (error) {
      return this.fail(error as Error)
    }
    this.complete(value as T)
  }

  override checkMemory(): void {
    if (this.#into === undefined || this.comm.endpoint.memoryInUse.isEmpty) return
    checkUnused(this.comm, writingOf(this.#into, this.site))
  }

  override keepMemory(): void {
    if (this.#into !== undefined) this.keep(this.comm.endpoint.memoryInUse, writingOf(this.#into, this.site))
  }

  protected get operation(): string {
    return 'recv'
  }

  protected override get recordBytes(): number {
    return this.#into instanceof Pickable ? this.#into.picked.recordBytes : 0
  }

  finishEmpty(): this {
    this.foundNobody()
    this.complete(undefined as T)
    return this
  }
}

/** Throws what is wrong with where a message is to go. */
export function checkTarget(into: Target): void {
  if (!(into instanceof Pickable)) return checkInto(into)
  checkThere(into, 'into')
  if (into.picked.overlaps) {
    throw new AliasError(
      'into: elements of the view overlap, so that what is received would be written twice; give one whose elements are apart'
    )
  }
}

/** Receives a message; a bad argument is a request that has failed. */
export function receive<T>(comm: CommunicatorCore, from: From | undefined): ReceiveRequest<T> {
  const site = recordCallSite(receive)
  try {
    const envelope = envelopeOf(comm, from, FROM)
    if (from?.into !== undefined) checkTarget(from.into)
    return startTaking(comm, new ReceiveRequest<T>(comm, envelope, from?.into, site), from?.signal)
  } catch (error) {
    return new ReceiveRequest<T>(comm, anything, undefined, captureCallSite()).refuse(error)
  }
}

const INTO: OptionNames<{ into?: Target }> = { into: true }

/** Receives the message that `mprobe` has taken, unless it was received already. */
export function receiveClaimed<T>(
  comm: CommunicatorCore,
  status: Status,
  options: { into?: Target },
  take: () => Incoming | undefined
): Request<T> {
  const site = recordCallSite(receive)
  try {
    comm.checkAlive()
    checkOptions(options, INTO, '{ into: new Float64Array(8) }')
    const { into } = options
    if (into !== undefined) checkTarget(into)
    if (status.source === PROC_NULL) return new ReceiveRequest<T>(comm, anything, into, site).finishEmpty()
    if (into !== undefined) checkUnused(comm, writingOf(into, site))
    const message = take()
    if (message === undefined) throw new ArgumentError('message: it was received already; a message can be received once')
    const request = new ReceiveRequest<T>(comm, { peer: message.source, tag: message.tag }, into, site)
    request.holds(comm.endpoint.transport)
    comm.endpoint.assign(message, request)
    if (!request.settled) request.keepMemory()
    return request
  } catch (error) {
    return new ReceiveRequest<T>(comm, anything, undefined, captureCallSite()).refuse(error)
  }
}

/** Gives the request what has come, or lets it wait. */
export function startTaking<R extends TakingRequest<unknown>>(comm: CommunicatorCore, request: R, signal: AbortSignal | undefined): R {
  if (request.peer === PROC_NULL) return request.finishEmpty()
  request.checkMemory()
  request.holds(comm.endpoint.transport)
  if (!comm.receiveNow(request)) comm.post(request)
  if (!request.settled) request.keepMemory()
  if (signal !== undefined) {
    abandonOn(signal, request, (error) => {
      const waited = comm.withdraw(request)
      request.fail(error)
      if (!waited) comm.endpoint.giveBack(request)
    })
  }
  return request
}

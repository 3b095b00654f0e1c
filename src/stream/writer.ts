import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { takeOver } from '../codec/ownership.js'
import { references } from '../codec/reference.js'
import { sendableError } from '../codec/sendable-error.js'
import { checkAttached } from '../diagnostics/arguments.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { Queue } from '../memory/queue.js'
import type { Incoming, Taker } from '../progress/incoming.js'
import { EAGER_BYTES, Outgoing, type Owner } from '../progress/send-queue.js'
import { CLOSE, COMPLETE, CREDIT, callOf, ERROR, FIRST_BYTES, FIRST_VALUES, kindIn, NEXT, shapeOf } from './control-messages.js'
import { Gate, isLentTo } from './demand.js'
import { isCallers, kept, type Payload, payloadOf } from './payload.js'
import type { StreamPort } from './stream-port.js'

/** Who is told what becomes of a stream on its way out. */
export interface WriterEvents {
  /** The reader has closed it: the source is of no use any more. */
  cancelled(): void
  /** It will never arrive. */
  failed(error: Error): void
  /** All of it is out, its end too. */
  finished(): void
  /** The credit has changed. */
  credited?(): void
}

/** The writing end of a stream: values go out in order, as far as the reader has granted; what goes beyond waits here. */
export class Writer implements Owner, Taker {
  order = 0
  gone = true
  readonly peer: number
  readonly tag: number
  readonly id: number
  /** A subscription has it. */
  opened = false
  /** Open while a value can go at once, or is of no use. */
  readonly gate: Gate
  site: CallSite | undefined
  readonly #port: StreamPort
  #events: WriterEvents | undefined
  #granted = { values: FIRST_VALUES, bytes: FIRST_BYTES }
  #joined = false
  #values = 0
  #bytes = 0
  readonly #queue = new Queue<Payload>()
  #queuedBytes = 0
  /** Messages that the link has and that are not out. */
  #underway = 0
  /** The last frame, once the source has ended. */
  #end: { kind: number; bytes: Uint8Array } | undefined
  #endWritten = false
  #over = false
  #closed = false
  #flushing = false
  /** It failed before it was started. */
  #failure: Error | undefined
  #holding = false
  #watching = false

  readonly #forget: (writer: Writer) => void
  readonly #asked: ((writer: Writer) => void) | undefined

  constructor(port: StreamPort, peer: number, tag: number, id: number, forget: (writer: Writer) => void, asked?: (writer: Writer) => void) {
    this.#forget = forget
    this.#asked = asked
    this.#port = port
    this.peer = peer
    this.tag = tag
    this.id = id
    this.gate = new Gate(
      () => this.open || this.#end !== undefined,
      () => this.#settle()
    )
  }

  /** Begins. What the reader has said before counts. One that was completed before that has nothing to begin. */
  start(events: WriterEvents, site: CallSite | undefined): void {
    this.site = site
    const obstacle = this.#failure ?? this.#port.obstacle(this.peer)
    if (this.#over && obstacle === undefined) return
    this.#events = events
    this.#watching = true
    this.#port.transport.watch()
    if (obstacle !== undefined) this.fail(obstacle)
    else if (this.#closed && !this.#endWritten) this.#cancel()
  }

  /** Whether a value could go at once. */
  get open(): boolean {
    return (
      this.#underway === 0 &&
      this.#values < this.#granted.values &&
      this.#bytes < this.#granted.bytes &&
      this.#queue.length === 0 &&
      this.#end === undefined &&
      !this.#flushing
    )
  }

  /** Its reader has begun to read. */
  get joined(): boolean {
    return this.#joined
  }

  /** The source has ended, or nobody wants it. */
  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Whether what waits has used up all credit: one more value has to wait for more. */
  get outrun(): boolean {
    const { values, bytes } = this.#granted
    return this.#values + this.#queue.length >= values || this.#bytes + this.#queuedBytes >= bytes
  }

  /** Values that are on their way. */
  get sent(): number {
    return this.#values
  }

  /** Values, and their bytes, that wait. */
  get queued(): number {
    return this.#queue.length
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Bytes that the reader has granted and that are not used. */
  get credit(): number {
    return this.#values < this.#granted.values ? Math.max(0, this.#granted.bytes - this.#bytes) : 0
  }

  /** Sends a value, now or when there is credit. Throws what is wrong with it, and then nothing has happened. */
  next(value: unknown, transfer = false): void {
    if (transfer && this.#move(value)) return
    references.here = this.#port.comm.endpoint
    const payload = payloadOf(value)
    if (this.open) {
      this.#send(payload)
      return
    }
    const own = kept(payload)
    this.#queue.push(own)
    this.#queuedBytes += own.bytes.byteLength
    this.#settle()
  }

  /** Drops all values that wait. */
  discardAll(): void {
    this.#queue.clear()
    this.#queuedBytes = 0
  }

  /** Drops the value that has waited longest. */
  discard(): void {
    this.#queuedBytes -= this.#queue.shift().bytes.byteLength
  }

  complete(): void {
    this.#finish(COMPLETE, nothing)
  }

  error(error: unknown): void {
    if (this.#end !== undefined) return
    this.#finish(ERROR, encodeObject(sendableError(error)).slice())
  }

  // As the taker of what the reader says

  accept(): boolean {
    return true
  }

  finish(message: Incoming): void {
    if (kindIn(message.call) === CREDIT) {
      const [values, bytes] = message.value() as [number, number]
      this.#granted = { values, bytes }
      const first = !this.#joined
      this.#joined = true
      if (first && this.#events === undefined && !this.#over) this.#asked?.(this)
      this.#flush()
      if (this.#end === undefined) this.#events?.credited?.()
      return
    }
    if (kindIn(message.call) !== CLOSE) return
    this.#closed = true
    if (this.#over) this.#forget(this)
    else if (this.#events !== undefined && !this.#endWritten) this.#cancel()
  }

  // As the owner of what the link sends

  done(): void {
    if (--this.#underway === 0) this.#flush()
  }

  // As one who waits

  get waits(): boolean {
    return this.#holding
  }

  fail(error: Error): void {
    const events = this.#events
    this.#events = undefined
    if (events === undefined) this.#failure ??= error
    this.discardAll()
    if (!this.#endWritten && !this.#over) this.#tell(error)
    this.#end ??= { kind: COMPLETE, bytes: nothing }
    this.#over = true
    this.#underway = 0
    // Its reader, if it can, still says that it has closed.
    if (this.#closed || this.#port.obstacle(this.peer) !== undefined) this.#forget(this)
    this.#rest()
    events?.failed(this.#port.comm.inContext(error, this.site))
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }

  describe(): string {
    const { comm } = this.#port
    const missing = this.#underway > 0 ? 'it to receive' : 'its credit'
    return `in a stream to rank ${comm.rankOf(this.peer)}, tag ${this.tag}${comm.on}, for ${missing}`
  }

  /** The peer may well be there, and wait. */
  #tell(error: Error): void {
    const { peer, tag, id } = this
    this.#port.tell(peer, tag, OBJECT, encodeObject(sendableError(error)), callOf(ERROR, id), shapeOf(id))
  }

  #finish(kind: number, bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    this.#end = { kind, bytes }
    this.#flush()
  }

  /** The reader wants nothing more; it is told that nothing more will come. */
  #cancel(): void {
    this.#end = { kind: COMPLETE, bytes: nothing }
    this.discardAll()
    this.#events?.cancelled()
    this.#flush()
  }

  /** Writes what can go now, and lets those go on who wait for that. */
  #flush(): void {
    if (this.#flushing || this.#over) return
    this.#flushing = true
    while (this.#queue.length > 0 && this.#underway === 0 && this.#values < this.#granted.values && this.#bytes < this.#granted.bytes) {
      const payload = this.#queue.shift()
      this.#queuedBytes -= payload.bytes.byteLength
      this.#send(payload, true)
    }
    if (this.#end !== undefined && this.#queue.length === 0 && !this.#endWritten) {
      this.#endWritten = true
      this.#write(this.#end.kind, { datatype: OBJECT, bytes: this.#end.bytes }, true)
    }
    this.#flushing = false
    this.gate.notify()
    if (this.#endWritten && this.#underway === 0) this.#leave()
    else this.#settle()
  }

  /** All is out. */
  #leave(): void {
    this.#over = true
    if (this.#closed) this.#forget(this)
    this.#rest()
    const events = this.#events
    this.#events = undefined
    events?.finished()
  }

  /** Hands over a large buffer without copying it, if it can go at once. */
  #move(value: unknown): boolean {
    const datatype = datatypeOf(value)
    if (datatype === OBJECT || !this.open) return false
    checkAttached(value as BufferLike, 'data')
    if ((value as BufferLike).byteLength <= EAGER_BYTES) return false
    const { buffer } = ArrayBuffer.isView(value) ? value : { buffer: value as ArrayBuffer }
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== (value as BufferLike).byteLength) return false
    const bytes = takeOver(value as BufferLike)
    this.#values++
    this.#bytes += bytes.byteLength
    this.#give(NEXT, new Outgoing(this.#port.context, this.tag, datatype, bytes, false, bytes.buffer as ArrayBuffer, this))
    return true
  }

  #send(payload: Payload, owned = false): void {
    this.#values++
    this.#bytes += payload.bytes.byteLength
    this.#write(NEXT, payload, owned)
  }

  #write(kind: number, payload: Payload, owned: boolean): void {
    const { context } = this.#port
    const { datatype, bytes } = payload
    const link = this.#port.link(this.peer)
    if (link.sendNow(context, this.tag, datatype, bytes as Uint8Array, bytes.byteLength, callOf(kind, this.id), shapeOf(this.id))) return
    const callers = !owned && isCallers(payload)
    const sent = owned || callers ? bytes : kept(payload).bytes
    const message = new Outgoing(context, this.tag, datatype, sent, false, undefined, this)
    this.#give(kind, message)
    if (this.#underway > 0 && callers && !isLentTo(this.gate)) message.bytes = kept(payload).bytes
    this.#settle()
  }

  /** Gives the link a message that it sends when it can. */
  #give(kind: number, message: Outgoing): void {
    message.call = callOf(kind, this.id)
    message.shape = shapeOf(this.id)
    this.#underway++
    const before = this.#flushing
    this.#flushing = true
    this.#port.link(this.peer).send(message)
    this.#flushing = before
    this.#settle()
  }

  /** Keeps the rank alive as long as something here waits for its peer. */
  #settle(): void {
    const waits = this.#events !== undefined && (this.#queue.length > 0 || this.#underway > 0 || this.gate.waited)
    if (waits === this.#holding) return
    this.#holding = waits
    if (waits) this.#port.transport.hold()
    else this.#port.transport.release()
  }

  #rest(): void {
    if (this.#holding) this.#port.transport.release()
    this.#holding = false
    if (this.#watching) this.#port.transport.unwatch()
    this.#watching = false
  }
}

const nothing = new Uint8Array(0)

import { ProtocolError } from '../../errors.js'
import type { HostLink, HostLinkState, HostLinkUser } from '../websocket/host-link.js'
import { CREDIT, HEADER, LEAD, MAX_FRAME, newFrame, padded, RECORD, SEGMENT } from '../websocket/wire.js'
import type { InboundLane, InboundLaneState } from './inbound-lane.js'
import type { OutboundLane, OutboundLaneState, Sink } from './outbound-lane.js'

/** A frame that is shorter is sent in memory of about its own size: it may be kept for a while. */
const LONG_FRAME = 2 ** 15
const SHORT_FRAME = 2 ** 12
/** Memory of frames that is used again, of each size: fresh pages cost more than filling them. */
const SPARE = 32

/**
 * Answers a segment that has come for a rank of this host in its place. Returns what is left for the rank to know of it; `undefined` where
 * it is the rank that has to answer.
 */
export type Attend = (source: number, dest: number, bytes: Uint8Array, at: number, length: number) => Uint8Array | null | undefined

export interface HostRouteOptions {
  /** Ranks in the world. */
  size: number
  out: readonly OutboundLane[]
  in: readonly InboundLane[]
  /** The link, made on first use. */
  link: () => HostLink
  /** There is something to do. */
  kick: () => void
  failed: (reason: string) => void
}

export interface HostRouteState {
  sent: number
  received: number
  failed: boolean
  /** Absent where nothing has been sent or has come. */
  link: HostLinkState | undefined
  out: OutboundLaneState[]
  in: InboundLaneState[]
}

/** The route between this host and another: lanes between their ranks, gathered into the frames of one link. */
export class HostRoute implements HostLinkUser, Sink {
  sent = 0
  received = 0
  attend: Attend | undefined
  frame: Uint8Array = new Uint8Array(0)
  #header = new DataView(this.frame.buffer)
  #end = HEADER
  #link: HostLink | undefined
  #failed = false
  /** Nobody is left at the other end, and perhaps nobody who acknowledges. */
  #retired = false
  readonly #options: HostRouteOptions
  readonly #out = new Map<number, OutboundLane>()
  readonly #in = new Map<number, InboundLane>()
  /** Those with something staged, and those with credit to tell. */
  readonly #staged = new Set<InboundLane>()
  readonly #due = new Set<InboundLane>()
  readonly #spare: ArrayBuffer[] = []
  readonly #spareMiddle: ArrayBuffer[] = []

  constructor(options: HostRouteOptions) {
    this.#options = options
    for (const lane of options.out) this.#out.set(this.#key(lane.source, lane.dest), lane)
    for (const lane of options.in) this.#in.set(this.#key(lane.source, lane.dest), lane)
  }

  get state(): HostRouteState {
    const { out, in: into } = this.#options
    return {
      sent: this.sent,
      received: this.received,
      failed: this.#failed,
      link: this.#link?.state,
      out: out.map((lane) => lane.state),
      in: into.map((lane) => lane.state)
    }
  }

  restore(state: HostRouteState): void {
    this.sent = state.sent
    this.received = state.received
    this.#failed = state.failed
    for (const [k, lane] of this.#options.out.entries()) lane.restore(state.out[k]!)
    for (const [k, lane] of this.#options.in.entries()) {
      lane.restore(state.in[k]!)
      if (!lane.empty) this.#staged.add(lane)
      if (lane.due) this.#due.add(lane)
    }
    if (state.link === undefined || state.failed) return
    this.#options.link().restore(state.link)
  }

  /** Either end has made the link. */
  use(link: HostLink): void {
    this.#link = link
    link.user = this
  }

  /** Sends a segment as if a rank of this host had. */
  answer(source: number, dest: number, segment: Uint8Array): void {
    this.#lane(this.#out, source, dest).answer(segment)
  }

  /** The other host is no more, or out of reach. */
  get isLost(): boolean {
    return this.#failed
  }

  /** Nothing waits here, and what was sent has come. */
  get settled(): boolean {
    if (this.#failed) return true
    if (this.#staged.size > 0 || !this.#quiet) return false
    return this.#options.out.every((lane) => lane.empty)
  }

  get #quiet(): boolean {
    return this.#retired || this.#link?.settled !== false
  }

  /** Whether all that a rank of this host has sent has come. */
  drained(rank: number): boolean {
    if (this.#failed) return true
    return this.#options.out.every((lane) => lane.source !== rank || lane.empty) && this.#quiet
  }

  /** Whether something from a rank of the other host waits for room here. */
  waitsFrom(rank: number): boolean {
    for (const lane of this.#staged) if (lane.source === rank) return true
    return false
  }

  endedHere(rank: number): void {
    for (const lane of this.#options.in) if (lane.dest === rank) this.#empty(lane)
  }

  endedThere(rank: number): void {
    for (const lane of this.#options.out) if (lane.dest === rank) lane.discard()
  }

  /** Throws away what still waits from a rank of the other host. */
  forget(rank: number): void {
    for (const lane of this.#options.in) if (lane.source === rank) this.#empty(lane)
  }

  /** Moves what can be moved; true when that was anything. */
  poll(): boolean {
    let any = false
    for (const lane of this.#staged) {
      if (lane.retry()) any = true
      if (lane.empty) this.#staged.delete(lane)
      if (lane.due) this.#due.add(lane)
    }
    for (const lane of this.#due) {
      const at = this.reserve(RECORD)
      if (at < 0) break
      this.header(at, CREDIT, lane.source, lane.dest, lane.granted())
      this.#due.delete(lane)
      any = true
    }
    for (const lane of this.#options.out) {
      const count = lane.forward(this)
      if (count === 0) continue
      this.sent += count
      any = true
    }
    this.#flush()
    return any
  }

  reserve(bytes: number): number {
    if (this.#failed) return -1
    const link = this.#link ?? this.#options.link()
    if (this.#end + bytes > MAX_FRAME) this.#flush()
    if (!link.room) return -1
    if (this.frame.length === 0) this.#renew()
    const at = this.#end
    this.#end += bytes
    return at
  }

  header(at: number, kind: number, source: number, dest: number, length: number): void {
    this.#header.setUint32(at, kind, true)
    this.#header.setUint32(at + 4, source, true)
    this.#header.setUint32(at + 8, dest, true)
    this.#header.setUint32(at + 12, length, true)
  }

  payload(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at < bytes.length; ) {
      if (at + RECORD > bytes.length) throw new ProtocolError('a record is cut off')
      const kind = view.getUint32(at, true)
      const source = view.getUint32(at + 4, true)
      const dest = view.getUint32(at + 8, true)
      const length = view.getUint32(at + 12, true)
      at += RECORD
      if (kind === SEGMENT) {
        if (at + padded(length) > bytes.length) throw new ProtocolError('a segment is cut off')
        this.#deliver(source, dest, bytes, at, length)
        at += padded(length)
      } else if (kind === CREDIT) this.#lane(this.#out, source, dest).grant(length)
      else throw new ProtocolError(`a record of unknown kind ${kind} came`)
    }
    this.#options.kick()
  }

  /** The only rank of the other host has gone, and all that it has sent has come: its router may have ended with it. */
  retire(): void {
    this.#retired = true
    this.#link?.leave()
  }

  /** The other host is no more. */
  abandon(): void {
    this.#failed = true
    for (const lane of this.#options.out) lane.discard()
    this.#link?.close()
  }

  free(frame: Uint8Array): void {
    const { buffer } = frame
    const spare = buffer.byteLength === LEAD + MAX_FRAME ? this.#spare : this.#spareMiddle
    if (buffer.byteLength >= LEAD + LONG_FRAME && spare.length < SPARE) spare.push(buffer as ArrayBuffer)
  }

  ready(): void {
    this.#options.kick()
  }

  failed(reason: string): void {
    this.abandon()
    this.#options.failed(reason)
    this.#options.kick()
  }

  #deliver(source: number, dest: number, bytes: Uint8Array, at: number, length: number): void {
    const lane = this.#lane(this.#in, source, dest)
    const left = this.attend?.(source, dest, bytes, at, length)
    if (left === undefined) lane.deliver(bytes, at, length)
    else lane.answered(length, left)
    this.received++
    if (!lane.empty) this.#staged.add(lane)
    if (lane.due) this.#due.add(lane)
  }

  #lane<T>(lanes: ReadonlyMap<number, T>, source: number, dest: number): T {
    const lane = source < this.#options.size ? lanes.get(this.#key(source, dest)) : undefined
    if (lane === undefined) throw new ProtocolError(`a record from rank ${source} to rank ${dest} came on a link that does not join them`)
    return lane
  }

  #key(source: number, dest: number): number {
    return source + this.#options.size * dest
  }

  #empty(lane: InboundLane): void {
    lane.discard()
    this.#staged.delete(lane)
    if (lane.due) this.#due.add(lane)
  }

  #flush(): void {
    if (this.#end === HEADER) return
    const frame = this.frame.subarray(0, this.#end)
    if (this.#end < LONG_FRAME) {
      this.#end = HEADER
      const isMiddle = frame.length > SHORT_FRAME
      const short = newFrame(frame.length, isMiddle ? (this.#spareMiddle.pop() ?? new ArrayBuffer(LEAD + LONG_FRAME)) : undefined)
      short.set(frame)
      this.#link!.send(short)
    } else {
      this.#renew()
      this.#link!.send(frame)
    }
  }

  #renew(): void {
    this.frame = newFrame(MAX_FRAME, this.#spare.pop())
    this.#header = new DataView(this.frame.buffer, this.frame.byteOffset)
    this.#end = HEADER
  }
}

import { ProtocolError } from '../../errors.js'
import { copy } from '../../memory/copy.js'
import { wake } from '../shared/bell.js'
import { laneBytes, maxSegment } from '../shared/host-memory.js'
import { type Inbox, RingWriter } from '../shared/ring.js'
import { padded, RECORD } from '../websocket/wire.js'

export interface InboundLaneState {
  owed: number
  allowed: number
  void: boolean
  staged: Uint8Array[]
}

/**
 * What a rank of another host sends to one of this: the router writes it as that rank would, and grants credit for what has found its
 * place.
 */
export class InboundLane {
  readonly source: number
  readonly dest: number
  /** Credit to be told to the sender. */
  owed = 0
  #allowed: number
  /** Nobody is there any more to read it. */
  #void = false
  /** What found no room in the ring; at most what was granted. */
  readonly #staged: Uint8Array[] = []
  readonly #writer: RingWriter
  readonly #bell: Int32Array
  readonly #longest: number
  readonly #quantum: number

  constructor(inboxes: readonly Inbox[], source: number, dest: number) {
    const size = inboxes.length
    this.source = source
    this.dest = dest
    this.#allowed = laneBytes(size)
    this.#quantum = laneBytes(size) >> 2
    this.#longest = maxSegment(size)
    this.#writer = new RingWriter(inboxes[dest]!, source, size)
    this.#bell = inboxes[dest]!.bell
  }

  get state(): InboundLaneState {
    return { owed: this.owed, allowed: this.#allowed, void: this.#void, staged: this.#staged }
  }

  restore(state: InboundLaneState): void {
    this.owed = state.owed
    this.#allowed = state.allowed
    this.#void = state.void
    this.#staged.push(...state.staged)
    this.#writer.follow()
  }

  get empty(): boolean {
    return this.#staged.length === 0
  }

  /** Credit that is worth telling. */
  get due(): boolean {
    return this.owed >= this.#quantum
  }

  granted(): number {
    const { owed } = this
    this.owed = 0
    this.#allowed += owed
    return owed
  }

  discard(): void {
    this.#void = true
    for (const segment of this.#staged.splice(0)) this.#done(segment.length)
  }

  deliver(bytes: Uint8Array, at: number, length: number): void {
    if (length > this.#longest) throw new ProtocolError(`a segment of ${length} bytes came: at most ${this.#longest} were expected`)
    this.#allowed -= RECORD + padded(length)
    if (this.#allowed < 0) throw new ProtocolError(`rank ${this.source} has sent more than rank ${this.dest} has granted`)
    if (this.#void) this.#done(length)
    else if (this.#staged.length > 0 || !this.#write(bytes, at, length)) this.#staged.push(bytes.slice(at, at + length))
  }

  /** A segment has come that was answered for the rank; `left`: what it is to know of it. */
  answered(length: number, left: Uint8Array | null): void {
    this.#allowed -= RECORD + padded(length)
    if (this.#allowed < 0) throw new ProtocolError(`rank ${this.source} has sent more than rank ${this.dest} has granted`)
    this.#done(length)
    if (left === null || this.#void) return
    // Credit is given for it when it has found its place, and not twice.
    this.owed -= RECORD + padded(left.length)
    if (this.#staged.length > 0 || !this.#write(left, 0, left.length)) this.#staged.push(left)
  }

  /** Writes what has waited for room; true when there was any. */
  retry(): boolean {
    let written = 0
    for (const segment of this.#staged) {
      if (!this.#write(segment, 0, segment.length)) break
      written++
    }
    this.#staged.splice(0, written)
    return written > 0
  }

  #write(bytes: Uint8Array, at: number, length: number): boolean {
    const ring = this.#writer
    if (!ring.reserve(length)) {
      ring.want()
      if (!ring.reserve(length)) return false
    }
    copy(bytes, at, ring.bytes, ring.at, length)
    ring.publish()
    wake(this.#bell)
    this.#done(length)
    return true
  }

  #done(length: number): void {
    this.owed += RECORD + padded(length)
  }
}

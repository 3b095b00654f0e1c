import { copy } from '../../memory/copy.js'
import { wake } from '../shared/bell.js'
import { laneBytes } from '../shared/host-memory.js'
import { type Inbox, RingReader } from '../shared/ring.js'
import { padded, RECORD, SEGMENT } from '../websocket/wire.js'

/** Taken from one lane before the others get their turn. */
const TURN_BYTES = 2 ** 18

/** Where records are put to be sent. */
export interface Sink {
  /** Room for a record of so many bytes: where it begins in `frame`; -1 when nothing can be sent now. */
  reserve(bytes: number): number
  readonly frame: Uint8Array
  header(at: number, kind: number, source: number, dest: number, length: number): void
}

export interface OutboundLaneState {
  credit: number
  void: boolean
}

/** What a rank of this host writes to one of another: the router reads it, as the receiver's credit allows. */
export class OutboundLane {
  readonly source: number
  readonly dest: number
  #credit: number
  /** Nobody is there any more to read it. */
  #void = false
  readonly #reader: RingReader
  /** What was answered for the rank, and not by it. */
  readonly #answers: Uint8Array[] = []
  readonly #bell: Int32Array

  constructor(inboxes: readonly Inbox[], source: number, dest: number) {
    this.source = source
    this.dest = dest
    this.#credit = laneBytes(inboxes.length)
    this.#reader = new RingReader(inboxes[dest]!, source, inboxes.length)
    this.#bell = inboxes[source]!.bell
  }

  get state(): OutboundLaneState {
    return { credit: this.#credit, void: this.#void }
  }

  restore(state: OutboundLaneState): void {
    this.#credit = state.credit
    this.#void = state.void
    this.#reader.follow()
  }

  get empty(): boolean {
    return this.#answers.length === 0 && this.#reader.peek() < 0
  }

  grant(bytes: number): void {
    this.#credit += bytes
  }

  /** Throws away what is in it, and what will be. */
  discard(): void {
    this.#void = true
    this.#answers.length = 0
  }

  /** Sends a segment as if the rank had: before what that has written, which may be the middle of something. */
  answer(segment: Uint8Array): void {
    if (!this.#void) this.#answers.push(segment)
  }

  /** Moves what can go; how many segments that were. */
  forward(sink: Sink): number {
    const answers = this.#answers.length > 0 ? this.#forwardAnswers(sink) : 0
    return answers + this.#forwardRing(sink)
  }

  #forwardAnswers(sink: Sink): number {
    let count = 0
    for (const segment of this.#answers) {
      const weight = RECORD + padded(segment.length)
      if (this.#credit < weight) break
      const at = sink.reserve(weight)
      if (at < 0) break
      sink.header(at, SEGMENT, this.source, this.dest, segment.length)
      copy(segment, 0, sink.frame, at + RECORD, segment.length)
      this.#credit -= weight
      count++
    }
    this.#answers.splice(0, count)
    return count
  }

  #forwardRing(sink: Sink): number {
    const ring = this.#reader
    let count = 0
    for (let budget = TURN_BYTES; budget > 0; count++) {
      const length = ring.peek()
      if (length < 0) break
      const weight = RECORD + padded(length)
      if (!this.#void) {
        if (this.#credit < weight) break
        const at = sink.reserve(weight)
        if (at < 0) break
        ring.next()
        sink.header(at, SEGMENT, this.source, this.dest, length)
        copy(ring.bytes, ring.at, sink.frame, at + RECORD, length)
        this.#credit -= weight
      } else ring.next()
      budget -= weight
    }
    if (count > 0 && ring.free()) wake(this.#bell)
    return this.#void ? 0 : count
  }
}

import type { SegmentReceiver, Slot, Transport } from '../../src/transport/transport.js'
import { noise } from './random.js'

/** Bytes of which no two runs that are looked at are alike. */
const STARTS = 4093
const source = noise(2 ** 21 + STARTS, 1)

/** What the `index`-th segment from a rank to another holds. */
function content(from: number, dest: number, index: number, length: number): Uint8Array {
  const start = (from * 1009 + dest * 2003 + index * 13) % STARTS
  return source.subarray(start, start + length)
}

/** Lengths of all segments that were sent, from each rank to each. */
export type Log = number[][][]

/** A rank in a test of a transport: what it sends tells where it belongs, and what comes is held against that. */
export class Port implements SegmentReceiver {
  readonly transport: Transport
  /** What was not as it should be. */
  readonly faults: string[] = []
  /** Segments that have come, by source. */
  readonly received: number[]
  readonly handedOver: { source: number; id: number; buffer: ArrayBuffer }[] = []
  readonly ended: number[] = []
  /** How often there was said to be room, by rank. */
  readonly rooms: number[]
  /** All that has happened: what came, and what was written because of room. */
  events = 0
  /** Runs as the last step of a delivery. */
  onSegment: (source: number, length: number) => void = () => undefined
  onRoom: (dest: number) => boolean = () => false
  readonly #log: Log
  #calling = false

  constructor(transport: Transport, log: Log) {
    this.transport = transport
    this.#log = log
    this.received = log.map(() => 0)
    this.rooms = log.map(() => 0)
    transport.attach(this)
  }

  get rank(): number {
    return this.transport.rank
  }

  /** Sends a segment; false when there is no room for it. */
  send(dest: number, length: number): boolean {
    return this.#calls(() => {
      const slot = this.transport.reserve(dest, length)
      if (slot === undefined) return false
      this.#inspect(slot, dest, length)
      const lengths = this.#log[this.rank]![dest]!
      slot.bytes.set(content(this.rank, dest, lengths.push(length) - 1, length), slot.at)
      this.transport.publish(dest)
      return true
    })
  }

  /** Asks for a call of `room`. */
  again(dest: number): void {
    this.#calls(() => this.transport.again(dest))
  }

  move(dest: number, id: number, buffer: ArrayBuffer): void {
    this.#calls(() => this.transport.move?.(dest, id, buffer))
  }

  /** Sends until there is no room, or `most` bytes are out; how many segments and bytes. */
  fill(dest: number, length: () => number, most = Number.POSITIVE_INFINITY): { segments: number; bytes: number } {
    let segments = 0
    let bytes = 0
    while (bytes < most) {
      const next = length()
      if (!this.send(dest, next)) break
      segments++
      bytes += Math.max(next, 1)
    }
    return { segments, bytes }
  }

  poll(): void {
    const { events } = this
    const any = this.transport.poll()
    if (any !== this.events > events) this.#fault(`poll() returned ${any}, with ${this.events - events} deliveries`)
  }

  segment(source: number, slot: Slot): void {
    this.#arrives(`a segment from rank ${source}`)
    const index = this.received[source]!++
    const expected = this.#log[source]?.[this.rank]?.[index]
    const { bytes, at, length } = slot
    if (expected === undefined) this.#fault(`segment ${index} from rank ${source}, ${length} bytes, was not sent`)
    else if (length !== expected) this.#fault(`segment ${index} from rank ${source} has ${length} bytes instead of ${expected}`)
    else if (Buffer.compare(bytes.subarray(at, at + length), content(source, this.rank, index, length)) !== 0)
      this.#fault(`segment ${index} from rank ${source}, ${length} bytes, holds others than were sent`)
    if (this.ended.includes(source)) this.#fault(`a segment from rank ${source} after it had gone`)
    this.#inspect(slot, this.rank, length)
    this.onSegment(source, length)
  }

  room(dest: number): boolean {
    if (this.#calling) this.#fault(`room(${dest}) was called within a call to the transport`)
    this.rooms[dest]!++
    const written = this.onRoom(dest)
    if (written) this.events++
    return written
  }

  moved(source: number, id: number, buffer: ArrayBuffer): void {
    this.#arrives(`a buffer from rank ${source}`)
    this.handedOver.push({ source, id, buffer })
  }

  gone(rank: number, reason: string): void {
    this.#arrives(`the end of rank ${rank}`)
    if (rank === this.rank || this.ended.includes(rank)) this.#fault(`the end of rank ${rank} was told to rank ${this.rank} once more`)
    if (typeof reason !== 'string' || reason === '') this.#fault(`the end of rank ${rank} came without a reason`)
    this.ended.push(rank)
  }

  #calls<T>(call: () => T): T {
    const outer = this.#calling
    this.#calling = true
    try {
      return call()
    } finally {
      this.#calling = outer
    }
  }

  #arrives(what: string): void {
    this.events++
    if (this.#calling) this.#fault(`${what} was delivered within reserve, publish, again or move`)
  }

  #inspect({ bytes, words, doubles, at, length }: Slot, dest: number, expected: number): void {
    const sameMemory = bytes.buffer === words.buffer && bytes.buffer === doubles.buffer
    const sameStart = bytes.byteOffset === words.byteOffset && bytes.byteOffset === doubles.byteOffset
    const within = at >= 0 && at + length <= bytes.length && (at + length) >> 2 <= words.length && (at + length) >> 3 <= doubles.length
    if (at % 8 !== 0 || length !== expected || !sameMemory || !sameStart || !within) {
      this.#fault(
        `the slot of ${expected} bytes for rank ${dest} is at ${at}, ${length} bytes long; its views are on ${bytes.byteLength} bytes`
      )
    }
  }

  #fault(what: string): void {
    this.faults.push(`rank ${this.rank}: ${what}`)
  }
}

import { Communicator } from '../../src/communicator/communicator.js'
import { Endpoint } from '../../src/progress/endpoint.js'
import type { SegmentReceiver, Slot, Transport } from '../../src/transport/transport.js'

export interface NetworkOptions {
  /** Segments that a wire holds before there is no room. */
  capacity?: number
  maxSegment?: number
  /** Whether buffers can change their owner without being copied. */
  moves?: boolean
}

/** Ranks in one thread whose segments move when a test says so: every order of events can be played, and none is left to chance. */
export class Network {
  readonly wires: Wire[]
  readonly endpoints: Endpoint[]
  readonly worlds: Communicator[]

  constructor(size: number, { capacity = 4, maxSegment = 4096, moves = false }: NetworkOptions = {}) {
    this.wires = Array.from({ length: size }, (_, rank) => new Wire(this, rank, size, capacity, maxSegment, moves))
    this.endpoints = this.wires.map((wire) => new Endpoint(wire))
    this.worlds = this.communicators(0, 'world')
  }

  /** Each rank's end of one more communicator of all ranks. */
  communicators(id: number, name: string): Communicator[] {
    const members = this.endpoints.map((_, rank) => rank)
    return this.endpoints.map((endpoint) => new Communicator(endpoint, id, name, members))
  }

  /** Until nothing moves any more. */
  settle(): void {
    while (this.wires.some((wire) => wire.poll())) {}
  }

  /** A rank is no more. */
  end(rank: number, reason = 'has ended'): void {
    for (const [other, wire] of this.wires.entries()) if (other !== rank) wire.receiver.gone(rank, reason)
  }
}

/** One rank's place in the network. */
class Wire implements Transport {
  receiver!: SegmentReceiver
  /** Operations that wait for a segment. */
  held = 0
  readonly move: Transport['move']
  readonly #inbox: { source: number; slot: Slot }[] = []
  readonly #moved: { source: number; id: number; buffer: ArrayBuffer }[] = []
  readonly #reserved: (Slot | undefined)[] = []
  readonly #full = new Set<number>()
  /** What is being delivered. */
  #slot: Slot | undefined

  constructor(
    readonly network: Network,
    readonly rank: number,
    readonly size: number,
    readonly capacity: number,
    readonly maxSegment: number,
    moves: boolean
  ) {
    this.move = moves ? (dest, id, buffer) => network.wires[dest]!.#moved.push({ source: rank, id, buffer }) : undefined
  }

  attach(receiver: SegmentReceiver): void {
    this.receiver = receiver
  }

  reserve(dest: number, bytes: number): Slot | undefined {
    if (bytes > this.maxSegment) throw new Error(`a segment of ${bytes} bytes, longer than ${this.maxSegment}`)
    if (this.network.wires[dest]!.#inbox.filter(({ source }) => source === this.rank).length >= this.capacity) {
      this.#full.add(dest)
      return undefined
    }
    const memory = new ArrayBuffer((bytes + 15) & ~7)
    const slot = { bytes: new Uint8Array(memory), words: new Int32Array(memory), doubles: new Float64Array(memory), at: 8, length: bytes }
    this.#reserved[dest] = slot
    return slot
  }

  publish(dest: number): void {
    this.network.wires[dest]!.#inbox.push({ source: this.rank, slot: this.#reserved[dest]! })
    this.#reserved[dest] = undefined
  }

  again(dest: number): void {
    this.#full.add(dest)
  }

  hold(): void {
    this.held++
  }

  release(): void {
    this.held--
  }

  watch(): void {}
  unwatch(): void {}

  expect(): void {}

  poll(): boolean {
    let any = false
    while (this.step()) any = true
    return any
  }

  /** One segment, or one buffer, or one try to write where there was no room. */
  step(): boolean {
    const segment = this.#inbox.shift()
    if (segment !== undefined) {
      // As in a ring: its place is used again.
      this.#slot?.bytes.fill(0xee)
      this.#slot = segment.slot
      this.receiver.segment(segment.source, segment.slot)
      this.#slot?.bytes.fill(0xee)
      this.#slot = undefined
      return true
    }
    const moved = this.#moved.shift()
    if (moved !== undefined) {
      this.receiver.moved(moved.source, moved.id, moved.buffer)
      return true
    }
    const full = [...this.#full]
    this.#full.clear()
    return full.filter((dest) => this.receiver.room(dest)).length > 0
  }
}

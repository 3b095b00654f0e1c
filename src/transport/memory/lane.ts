import type { SegmentReceiver, Slot } from '../transport.js'
import type { FabricPort } from './fabric-port.js'
import type { LinkModel } from './options.js'

/** A segment, at a place in memory that nobody else ever writes to. */
export class Segment implements Slot {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly at: number
  readonly length: number

  constructor({ bytes, words, doubles }: Slab, at: number, length: number) {
    this.bytes = bytes
    this.words = words
    this.doubles = doubles
    this.at = at
    this.length = length
  }
}

/** Memory that many small segments share: a buffer and its views for each would cost more than all else about a message. */
export class Slab {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly doubles: Float64Array
  #used = 0

  constructor(size: number) {
    const memory = new ArrayBuffer(size)
    this.bytes = new Uint8Array(memory)
    this.words = new Int32Array(memory)
    this.doubles = new Float64Array(memory)
  }

  /** A segment that nobody has had, or undefined when there is no room for it. */
  cut(length: number): Segment | undefined {
    const at = this.#used
    const end = at + ((length + 7) & ~7)
    if (end > this.bytes.length) return undefined
    this.#used = end
    return new Segment(this, at, length)
  }
}

/** A buffer that changes its owner. */
export interface Moved {
  readonly id: number
  readonly buffer: ArrayBuffer
}

/** Memory that another rank is let have. */
export interface Shared {
  readonly id: number
  readonly memory: readonly SharedArrayBuffer[]
}

/** The news that a rank is no more. */
export class EndNotice {
  readonly reason: string
  readonly failed: boolean

  constructor(reason: string, failed: boolean) {
    this.reason = reason
    this.failed = failed
  }
}

/** What is done at the far end of a way that no rank's segments take. */
export class Call {
  readonly run: () => void

  constructor(run: () => void) {
    this.run = run
  }
}

/** What travels on a lane: a segment, a buffer that changes its owner, memory to be shared, the news that a rank is no more, or a call. */
export class Parcel {
  readonly lane: Lane
  readonly load: Segment | Moved | Shared | EndNotice | Call
  /** Its place among all parcels of the network. */
  readonly sequence: number
  /** Decides between parcels of several lanes that arrive at the same time. */
  readonly order: number
  arrival = 0
  next: Parcel | undefined

  constructor(lane: Lane, load: Parcel['load'], sequence: number, order: number) {
    this.lane = lane
    this.load = load
    this.sequence = sequence
    this.order = order
  }

  get segment(): Segment | undefined {
    return this.load instanceof Segment ? this.load : undefined
  }

  get moved(): Moved | undefined {
    return 'buffer' in this.load ? this.load : undefined
  }

  /** An empty segment takes room too, or there could be any number of them. */
  get weight(): number {
    return this.load instanceof Segment ? Math.max(this.load.length, LEAST_WEIGHT) : 0
  }

  deliver(receiver: SegmentReceiver): void {
    const { load, lane } = this
    if (load instanceof Segment) receiver.segment(lane.from, load)
    else if (load instanceof EndNotice) receiver.gone(lane.from, load.reason, load.failed)
    else if ('buffer' in load) receiver.moved(lane.from, load.id, load.buffer)
    else if ('memory' in load) receiver.shared?.(lane.from, load.id, load.memory)
  }
}

export const before = (a: Parcel, b: Parcel): boolean =>
  a.arrival !== b.arrival ? a.arrival < b.arrival : a.order !== b.order ? a.order < b.order : a.sequence < b.sequence

export const LEAST_WEIGHT = 64

/** Who sends on a lane and who receives, and their ranks in their network. */
export type LaneEnds = Pick<Lane, 'from' | 'to' | 'sender' | 'receiver'>

/** What is under way from one rank to another: first in, first out, with room for `capacity` bytes. */
export class Lane {
  readonly from: number
  readonly to: number
  readonly sender: FabricPort
  readonly receiver: FabricPort
  /** Somebody found no room. */
  wanted = false
  /** Written and not sent yet. */
  reserved: Segment | undefined
  readonly #latency: number
  readonly #bytesPerMs: number
  readonly #capacity: number
  #first: Parcel | undefined
  #last: Parcel | undefined
  #underWay = 0
  #arrival = Number.NEGATIVE_INFINITY
  /** Since when, without a gap, the far end has been getting bytes, and how many: their sum is divided, so that no error adds up. */
  #since = 0
  #bytes = 0

  constructor({ from, to, sender, receiver }: LaneEnds, { latency, bytesPerMs }: Required<LinkModel>, capacity: number) {
    this.from = from
    this.to = to
    this.sender = sender
    this.receiver = receiver
    this.#latency = latency
    this.#bytesPerMs = bytesPerMs
    this.#capacity = capacity
  }

  hasRoom(bytes: number): boolean {
    return this.#underWay + Math.max(bytes, LEAST_WEIGHT) <= this.#capacity
  }

  /** Sends a parcel of which `bytes` take time. It leaves `then`, or when those before it have. */
  put(parcel: Parcel, then: number, bytes: number): void {
    if (then + this.#latency >= this.#arrival) {
      this.#since = then + this.#latency
      this.#bytes = 0
    }
    this.#bytes += bytes
    this.#arrival = this.#since + this.#bytes / this.#bytesPerMs
    this.#underWay += parcel.weight
    parcel.arrival = this.#arrival
    if (this.#last === undefined) this.#first = parcel
    else this.#last.next = parcel
    this.#last = parcel
  }

  /** The parcel that arrives next. */
  get first(): Parcel | undefined {
    return this.#first
  }

  /** How many parcels are under way. */
  get length(): number {
    let length = 0
    for (let parcel = this.#first; parcel !== undefined; parcel = parcel.next) length++
    return length
  }

  /** Loses all that is under way but the first so many. */
  cut(keep: number): void {
    let last: Parcel | undefined
    let next = this.#first
    for (let k = 0; k < keep && next !== undefined; k++) {
      last = next
      next = next.next
    }
    for (let lost = next; lost !== undefined; lost = lost.next) this.#underWay -= lost.weight
    if (last === undefined) this.#first = undefined
    else last.next = undefined
    this.#last = last
  }

  shift(): void {
    this.#underWay -= this.#first!.weight
    this.#first = this.#first!.next
    if (this.#first === undefined) this.#last = undefined
  }
}

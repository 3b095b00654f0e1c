import type { SegmentReceiver, Slot } from '../transport.js'
import type { LinkModel } from './options.js'

/** A segment in memory of its own: nobody else ever writes to it. */
export class Segment implements Slot {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly at = 0
  readonly length: number

  constructor(length: number) {
    const memory = new ArrayBuffer((length + 7) & ~7)
    this.bytes = new Uint8Array(memory)
    this.words = new Int32Array(memory)
    this.doubles = new Float64Array(memory)
    this.length = length
  }
}

/** What travels on a lane: a segment, a buffer that changes its owner, or the news that a rank is no more. */
export interface Parcel {
  readonly deliver: (receiver: SegmentReceiver) => void
  readonly segment: Segment | undefined
  /** Its place among all parcels of the network. */
  readonly sequence: number
  /** Decides between parcels of several lanes that arrive at the same time. */
  readonly order: number
}

interface Travelling extends Parcel {
  readonly arrival: number
  next: Travelling | undefined
}

/** An empty segment takes room too, or there could be any number of them. */
export const LEAST_WEIGHT = 64

const weight = ({ segment }: Parcel): number => (segment === undefined ? 0 : Math.max(segment.length, LEAST_WEIGHT))

/** One way from a rank to another: first in, first out, with room for `capacity` bytes under way. */
export class Lane {
  /** Somebody found no room. */
  wanted = false
  readonly #latency: number
  readonly #bytesPerMs: number
  readonly #capacity: number
  #first: Travelling | undefined
  #last: Travelling | undefined
  #underWay = 0
  #arrival = Number.NEGATIVE_INFINITY

  constructor({ latency, bytesPerMs }: Required<LinkModel>, capacity: number) {
    this.#latency = latency
    this.#bytesPerMs = bytesPerMs
    this.#capacity = capacity
  }

  hasRoom(bytes: number): boolean {
    return this.#underWay + Math.max(bytes, LEAST_WEIGHT) <= this.#capacity
  }

  /** Sends a parcel of which `bytes` take time; when it arrives. */
  put(parcel: Parcel, now: number, bytes: number): number {
    this.#arrival = Math.max(this.#arrival, now + this.#latency) + bytes / this.#bytesPerMs
    this.#underWay += weight(parcel)
    const travelling = { ...parcel, arrival: this.#arrival, next: undefined }
    if (this.#last === undefined) this.#first = travelling
    else this.#last.next = travelling
    this.#last = travelling
    return this.#arrival
  }

  /** The parcel that arrives next. */
  get first(): Travelling | undefined {
    return this.#first
  }

  shift(): void {
    this.#underWay -= weight(this.#first!)
    this.#first = this.#first!.next
    if (this.#first === undefined) this.#last = undefined
  }
}

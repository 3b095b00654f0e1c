import type { SegmentReceiver, Slot, Transport } from '../transport.js'
import { type Lane, type Parcel, Segment } from './lane.js'
import type { MemoryNetworkOptions } from './options.js'

/** Longer messages are cut, so that they share a link. */
const MAX_SEGMENT = 2 ** 16

/** What the transports of a network share. */
export interface Fabric {
  readonly options: MemoryNetworkOptions
  readonly capacity: number
  readonly transports: MemoryTransport[]
  /** From each rank, to each. */
  readonly lanes: readonly (readonly Lane[])[]
  /** How many parcels there have been. */
  sent: number
}

/** A rank's place in a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly rank: number
  readonly size: number
  readonly maxSegment: number
  readonly #fabric: Fabric
  readonly #out: readonly Lane[]
  readonly #in: readonly Lane[]
  readonly #reserved: Segment[] = []
  /** Ranks to which there may be room again. */
  readonly #roomy = new Set<number>()
  /** When the scheduler is to call next. */
  #wake = Number.POSITIVE_INFINITY
  #ended = false
  #receiver: SegmentReceiver | undefined

  constructor(rank: number, fabric: Fabric) {
    this.rank = rank
    this.size = fabric.lanes.length
    this.maxSegment = Math.min(MAX_SEGMENT, fabric.capacity) & ~7
    this.#fabric = fabric
    this.#out = fabric.lanes[rank]!
    this.#in = fabric.lanes.map((lanes) => lanes[rank]!)
  }

  attach(receiver: SegmentReceiver): void {
    this.#receiver = receiver
    this.#wakeForNext()
  }

  reserve(dest: number, bytes: number): Slot | undefined {
    const lane = this.#out[dest]!
    lane.wanted = !lane.hasRoom(bytes)
    if (lane.wanted) return undefined
    const segment = new Segment(bytes)
    this.#reserved[dest] = segment
    return segment
  }

  publish(dest: number): void {
    const segment = this.#reserved[dest]!
    const { headerBytes = 0 } = this.#fabric.options
    this.#send(dest, (receiver) => receiver.segment(this.rank, segment), segment, Math.max(0, segment.length - headerBytes))
  }

  again(dest: number): void {
    this.#roomy.add(dest)
    this.#wakeAt(this.#now)
  }

  move(dest: number, id: number, buffer: ArrayBuffer): void {
    this.#send(dest, (receiver) => receiver.moved(this.rank, id, buffer))
  }

  poll(): boolean {
    return this.#deliver(this.#now)
  }

  /** The scheduler is the loop that polls. */
  hold(): void {}
  release(): void {}

  /** @internal */
  end(reason: string): void {
    for (const dest of this.#out.keys()) if (dest !== this.rank) this.#send(dest, (receiver) => receiver.gone(this.rank, reason))
    this.#ended = true
  }

  get #now(): number {
    return this.#fabric.options.scheduler.now()
  }

  /** Sends a parcel of which `bytes` take time. */
  #send(dest: number, deliver: Parcel['deliver'], segment?: Segment, bytes = 0): void {
    if (this.#ended) return
    const sequence = this.#fabric.sent++
    const order = this.#fabric.options.order?.() ?? sequence
    const arrival = this.#out[dest]!.put({ deliver, segment, sequence, order }, this.#now, bytes)
    this.#fabric.transports[dest]!.#wakeAt(arrival)
  }

  /** Delivers what arrives until then; what is sent meanwhile waits, so that ranks take turns also where nothing takes time. */
  #deliver(until: number): boolean {
    const receiver = this.#receiver
    if (receiver === undefined) return false
    const { sent } = this.#fabric
    let any = false
    for (let source = this.#next(until, sent); source >= 0; source = this.#next(until, sent)) {
      const lane = this.#in[source]!
      const { deliver, segment } = lane.first!
      lane.shift()
      if (lane.wanted) this.#fabric.transports[source]!.again(this.rank)
      lane.wanted = false
      any = true
      if (this.#ended) continue
      if (segment !== undefined) this.#fabric.options.observe?.({ from: source, to: this.rank, time: this.#now, segment })
      deliver(receiver)
    }
    const roomy = [...this.#roomy]
    this.#roomy.clear()
    for (const dest of roomy) if (!this.#ended && receiver.room(dest)) any = true
    return any
  }

  /** Whose parcel comes next, of those that arrive `until` then and were among the first `sent`; -1 when there is none. */
  #next(until: number, sent: number): number {
    let source = -1
    for (const [from, { first }] of this.#in.entries()) {
      if (first === undefined || first.arrival > until || first.sequence >= sent) continue
      const best = this.#in[source]?.first
      if (best === undefined || first.arrival < best.arrival || (first.arrival === best.arrival && first.order < best.order)) source = from
    }
    return source
  }

  /** Has the scheduler call then, unless it calls earlier anyway. */
  #wakeAt(time: number): void {
    if (time >= this.#wake) return
    this.#wake = time
    let scheduling = true
    const action = (): void => {
      if (time !== this.#wake) return
      this.#wake = Number.POSITIVE_INFINITY
      if (!scheduling) this.#run(time)
    }
    this.#fabric.options.scheduler.schedule(action, Math.max(0, time - this.#now))
    scheduling = false
  }

  /** `time` is when this was to happen: a real clock may not have got quite there. */
  #run(time: number): void {
    try {
      this.#deliver(Math.max(time, this.#now))
    } finally {
      this.#wakeForNext()
    }
  }

  #wakeForNext(): void {
    if (this.#receiver === undefined) return
    if (this.#roomy.size > 0) this.#wakeAt(this.#now)
    for (const { first } of this.#in) if (first !== undefined) this.#wakeAt(first.arrival)
  }
}

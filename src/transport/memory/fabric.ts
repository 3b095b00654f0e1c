import type { FabricPort } from './fabric-port.js'
import { Heap } from './heap.js'
import { before, type Lane, Parcel, type Segment, Slab } from './lane.js'
import type { MemoryNetworkOptions } from './options.js'

const SLAB_BYTES = 2 ** 16

/** What all lanes share, of one network or several: the one action of the scheduler that delivers what arrives next. */
export class Fabric {
  readonly #options: Pick<MemoryNetworkOptions, 'scheduler' | 'order' | 'delay'>
  /** The first parcel of each lane; one that is first no more was delivered by a poll. */
  readonly #arrivals = new Heap<Parcel>(before)
  /** They have asked for a turn. */
  readonly #eager = new Set<FabricPort>()
  #slab = new Slab(0)
  /** How many parcels there have been. */
  #sent = 0
  /** When the scheduler is to call next. */
  #wake = Number.POSITIVE_INFINITY

  constructor(options: Pick<MemoryNetworkOptions, 'scheduler' | 'order' | 'delay'>) {
    this.#options = options
  }

  get now(): number {
    return this.#options.scheduler.now()
  }

  /** Memory for a segment. */
  allocate(length: number): Segment {
    if (length > SLAB_BYTES >> 4) return new Slab((length + 7) & ~7).cut(length)!
    const segment = this.#slab.cut(length)
    if (segment !== undefined) return segment
    this.#slab = new Slab(SLAB_BYTES)
    return this.#slab.cut(length)!
  }

  /** Sends something of which `bytes` take time. */
  send(lane: Lane, load: Parcel['load'], bytes: number): void {
    const sequence = this.#sent++
    const parcel = new Parcel(lane, load, sequence, this.#options.order?.() ?? sequence)
    lane.put(parcel, this.now + (this.#options.delay?.() ?? 0), bytes)
    if (lane.first === parcel) this.expect(parcel)
  }

  /** A parcel is the first of its lane. */
  expect(parcel: Parcel): void {
    this.#arrivals.push(parcel)
    this.#wakeAt(parcel.arrival)
  }

  /** A port wants its turn at the next poll. */
  callSoon(port: FabricPort): void {
    this.#eager.add(port)
    this.#wakeAt(this.now)
  }

  /** Delivers to one rank what has arrived. */
  poll(port: FabricPort): boolean {
    const sent = this.#sent
    const arrived = new Heap<Parcel>(before)
    const enter = (parcel: Parcel | undefined): void => {
      if (parcel !== undefined && parcel.arrival <= this.now && parcel.sequence < sent) arrived.push(parcel)
    }
    for (const { first } of port.incoming) enter(first)
    let any = false
    for (let { first } = arrived; first !== undefined; first = arrived.first) {
      arrived.shift()
      // Its delivery may have polled too.
      if (first.lane.first !== first) continue
      this.#deliver(first, port)
      enter(first.lane.first)
      any = true
    }
    this.#eager.delete(port)
    return port.turn() || any
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
    this.#options.scheduler.schedule(action, Math.max(0, time - this.now))
    scheduling = false
  }

  /** `time` is when this was to happen: a real clock may not have got quite there. */
  #run(time: number): void {
    const until = Math.max(time, this.now)
    // No need to plan for each parcel that is sent meanwhile.
    this.#wake = Number.NEGATIVE_INFINITY
    // What is sent meanwhile waits, so that ranks take turns with each other and with all else where nothing takes time. Where
    // arrivals have an order of their own, one at a time: then the next may be one that this one causes.
    const sent = this.#sent
    const most = this.#options.order === undefined ? Number.POSITIVE_INFINITY : 1
    try {
      for (let count = 0; count < most; count++) {
        const parcel = this.#next()
        if (parcel === undefined || parcel.arrival > until || parcel.sequence >= sent) break
        this.#arrivals.shift()
        const { receiver } = parcel.lane
        if (receiver.attached) this.#deliver(parcel, receiver)
        else receiver.kept.push(parcel)
      }
      const eager = [...this.#eager]
      this.#eager.clear()
      for (const port of eager) port.turn()
    } finally {
      this.#wake = Number.POSITIVE_INFINITY
      if (this.#eager.size > 0) this.#wakeAt(this.now)
      this.#wakeAt(this.#next()?.arrival ?? Number.POSITIVE_INFINITY)
    }
  }

  /** The parcel that arrives next. */
  #next(): Parcel | undefined {
    const arrivals = this.#arrivals
    while (arrivals.first !== undefined && arrivals.first.lane.first !== arrivals.first) arrivals.shift()
    return arrivals.first
  }

  #deliver(parcel: Parcel, receiver: FabricPort): void {
    const { lane } = parcel
    lane.shift()
    if (lane.first !== undefined) this.expect(lane.first)
    if (lane.wanted) lane.sender.again(lane.to)
    lane.wanted = false
    receiver.deliver(parcel)
  }
}

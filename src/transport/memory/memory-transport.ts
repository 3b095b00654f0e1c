import type { SegmentReceiver, Slot, Transport } from '../transport.js'
import type { Fabric } from './fabric.js'
import type { FabricPort } from './fabric-port.js'
import { EndNotice, type Lane, type Parcel } from './lane.js'
import type { MemoryNetworkOptions } from './options.js'

/** Longer messages are cut, so that they share a link. */
const MAX_SEGMENT = 2 ** 16

/** What joins the ranks of a network. */
export interface Wires {
  readonly options: MemoryNetworkOptions
  readonly fabric: Fabric
  readonly capacity: number
  makeLane(from: number, to: number): Lane
}

/** A rank's place in a `MemoryNetwork`. */
export class MemoryTransport implements Transport, FabricPort {
  readonly rank: number
  readonly size: number
  readonly maxSegment: number
  readonly hosts: readonly number[] | undefined
  readonly isVirtual = true
  /** @internal The lanes to this rank. */
  readonly incoming: Lane[] = []
  /** @internal What has arrived before anybody was there to receive it. */
  readonly kept: Parcel[] = []
  readonly #wires: Wires
  readonly #fabric: Fabric
  /** By destination, with holes. */
  readonly #out: Lane[] = []
  /** Ranks to which there may be room again. */
  readonly #roomy = new Set<number>()
  #ended = false
  #receiver: SegmentReceiver | undefined

  constructor(rank: number, size: number, wires: Wires) {
    this.rank = rank
    this.size = size
    this.maxSegment = Math.min(MAX_SEGMENT, wires.capacity) & ~7
    this.hosts = wires.options.hosts
    this.#wires = wires
    this.#fabric = wires.fabric
  }

  attach(receiver: SegmentReceiver): void {
    this.#receiver = receiver
    for (const parcel of this.kept.splice(0)) this.#fabric.expect(parcel)
  }

  /** @internal */
  get attached(): boolean {
    return this.#receiver !== undefined
  }

  reserve(dest: number, bytes: number): Slot | undefined {
    const lane = this.#lane(dest)
    if (!lane.hasRoom(bytes)) {
      lane.wanted = true
      return undefined
    }
    lane.reserved = this.#fabric.allocate(bytes)
    return lane.reserved
  }

  publish(dest: number): void {
    const lane = this.#lane(dest)
    const segment = lane.reserved!
    const { headerBytes = 0, observeSent } = this.#wires.options
    if (this.#ended) return
    observeSent?.(segment)
    this.#fabric.send(lane, segment, Math.max(0, segment.length - headerBytes))
  }

  again(dest: number): void {
    this.#roomy.add(dest)
    this.#fabric.callSoon(this)
  }

  move(dest: number, id: number, buffer: ArrayBuffer): void {
    if (!this.#ended) this.#fabric.send(this.#lane(dest), { id, buffer }, 0)
  }

  share(dest: number, id: number, memory: readonly SharedArrayBuffer[]): void {
    if (!this.#ended) this.#fabric.send(this.#lane(dest), { id, memory }, 0)
  }

  poll(): boolean {
    return this.attached && this.#fabric.poll(this)
  }

  /** The scheduler is the loop that polls. */
  hold(): void {}
  release(): void {}
  watch(): void {}
  unwatch(): void {}

  /** @internal */
  end(reason: string, failed = false): void {
    if (this.#ended) return
    const news = new EndNotice(reason, failed)
    for (let dest = 0; dest < this.size; dest++) if (dest !== this.rank) this.#fabric.send(this.#lane(dest), news, 0)
    this.#ended = true
  }

  /** @internal Of what is under way on each link so much arrives as `keep` says. */
  lose(keep: (parcels: number) => number): void {
    if (this.#ended) return
    for (const lane of this.#out) lane?.cut(keep(lane.length))
  }

  /** @internal */
  deliver(parcel: Parcel): void {
    if (this.#ended) return
    const { segment, moved, lane } = parcel
    const { observe } = this.#wires.options
    if (observe !== undefined && (segment ?? moved) !== undefined) {
      observe({ from: lane.from, to: this.rank, time: this.#fabric.now, segment, moved })
    }
    parcel.deliver(this.#receiver!)
  }

  /** @internal Tells the receiver where there is room again. */
  turn(): boolean {
    const roomy = [...this.#roomy]
    this.#roomy.clear()
    let any = false
    for (const dest of roomy) if (!this.#ended && this.#receiver!.room(dest)) any = true
    return any
  }

  #lane(dest: number): Lane {
    let lane = this.#out[dest]
    if (lane === undefined) {
      lane = this.#wires.makeLane(this.rank, dest)
      this.#out[dest] = lane
    }
    return lane
  }
}

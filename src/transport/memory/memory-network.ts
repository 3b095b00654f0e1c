import { ArgumentError } from '../../errors.js'
import type { Transport } from '../transport.js'
import { CallPort } from './call-port.js'
import { Fabric } from './fabric.js'
import { Lane, LEAST_WEIGHT } from './lane.js'
import { MemoryTransport, type Wires } from './memory-transport.js'
import type { LinkModel, MemoryNetworkOptions } from './options.js'

/**
 * Ranks in one thread, joined by links in virtual time. It has no timer, promise or clock but its scheduler's, and all that happens are
 * calls of the ranks and actions of the scheduler.
 *
 * A link sends one segment after the other, each whole before the next (store and forward):
 *
 *     arrival = max(previous arrival, now + latency) + bytes / bytesPerMs
 *
 * so n bytes take latency + n / bytesPerMs however they are cut into segments. What `move` hands over takes the latency only.
 *
 * Nothing is delivered within the call that publishes it. So a program on the `queueScheduler`, which does at once what is scheduled
 * outside its own actions, has to run within one, `queueScheduler.schedule(program)`, or poll.
 */
export class MemoryNetwork {
  /** Each rank's end of it, in rank order; `worldOver` makes communicators of them. */
  readonly transports: readonly Transport[]
  readonly #ends: readonly MemoryTransport[]
  readonly #wires: Wires
  readonly #model: Required<LinkModel>

  constructor(size: number, options: MemoryNetworkOptions)
  /** `fabric`: that of another network, with which it shares its time. @internal */
  constructor(size: number, options: MemoryNetworkOptions, fabric: Fabric)
  constructor(size: number, options: MemoryNetworkOptions, fabric: Fabric = new Fabric(options)) {
    const { capacity = 2 ** 20, hosts } = options
    if (!Number.isInteger(size) || size < 1) throw new ArgumentError(`size: expected an integer from 1 on, got ${size}`)
    if (!(capacity >= LEAST_WEIGHT)) throw new ArgumentError(`capacity: expected at least ${LEAST_WEIGHT} bytes, got ${capacity}`)
    if (hosts !== undefined && !(Array.isArray(hosts) && hosts.length === size && hosts.every(Number.isInteger)))
      throw new ArgumentError(`hosts: expected the number of each rank's host, ${size} integers, got ${hosts}`)
    const { latency = 0, bytesPerMs = Number.POSITIVE_INFINITY } = options
    this.#model = checked({ latency, bytesPerMs })
    this.#wires = { options, fabric, capacity, makeLane: (from, to) => this.#makeLane(from, to) }
    this.#ends = Array.from({ length: size }, (_, rank) => new MemoryTransport(rank, size, this.#wires))
    this.transports = this.#ends
  }

  /** Another network of such links in the same time: what arrives in both at the same moment does so in one order. @internal */
  beside(size: number, options: Pick<MemoryNetworkOptions, 'link' | 'hosts' | 'observe' | 'observeSent'>): MemoryNetwork {
    const { link: _, hosts: __, ...shared } = this.#wires.options
    return new MemoryNetwork(size, { ...shared, ...options }, this.#wires.fabric)
  }

  /** One more way in the same time: what it is given is called after as long as a message takes, in order. @internal */
  callWay(): (action: () => void) => void {
    return new CallPort(this.#wires.fabric, this.#model).call
  }

  /** Ends a rank: the others are told, each after all that it has sent them. */
  end(rank: number, reason = 'has ended'): void {
    this.#ends[rank]!.end(reason)
  }

  /**
   * A rank dies: the others are told, each after what arrives of that which it has sent them. Of `parcels` that are under way on a link the
   * first `keep(parcels)` do, by default all.
   */
  fail(rank: number, reason = 'has failed', keep: (parcels: number) => number = (parcels) => parcels): void {
    this.#ends[rank]!.lose(keep)
    this.#ends[rank]!.end(reason, true)
  }

  /** Lanes are made when they are used first: of the pairs of ten thousand ranks few ever are. */
  #makeLane(from: number, to: number): Lane {
    const ends = { from, to, sender: this.#ends[from]!, receiver: this.#ends[to]! }
    const lane = new Lane(ends, checked({ ...this.#model, ...this.#wires.options.link?.(from, to) }), this.#wires.capacity)
    ends.receiver.incoming.push(lane)
    return lane
  }
}

function checked(model: Required<LinkModel>): Required<LinkModel> {
  const { latency, bytesPerMs } = model
  if (!(latency >= 0)) throw new ArgumentError(`latency: expected milliseconds from 0 on, got ${latency}`)
  if (!(bytesPerMs > 0)) throw new ArgumentError(`bytesPerMs: expected a number above 0, got ${bytesPerMs}`)
  return model
}

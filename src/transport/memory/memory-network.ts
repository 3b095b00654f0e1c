import { ArgumentError } from '../../errors.js'
import type { Transport } from '../transport.js'
import { Fabric } from './fabric.js'
import { LEAST_WEIGHT } from './lane.js'
import { MemoryTransport } from './memory-transport.js'
import type { MemoryNetworkOptions } from './options.js'

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

  constructor(size: number, options: MemoryNetworkOptions) {
    const { capacity = 2 ** 20, hosts } = options
    if (!Number.isInteger(size) || size < 1) throw new ArgumentError(`size: expected an integer from 1 on, got ${size}`)
    if (!(capacity >= LEAST_WEIGHT)) throw new ArgumentError(`capacity: expected at least ${LEAST_WEIGHT} bytes, got ${capacity}`)
    if (hosts !== undefined && !(Array.isArray(hosts) && hosts.length === size && hosts.every(Number.isInteger)))
      throw new ArgumentError(`hosts: expected the number of each rank's host, ${size} integers, got ${hosts}`)
    const fabric = new Fabric(options, capacity)
    const ends = Array.from({ length: size }, (_, rank) => new MemoryTransport(rank, size, fabric))
    fabric.ports.push(...ends)
    this.transports = ends
    this.#ends = ends
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
}

import { Endpoint } from '../../../src/progress/endpoint.js'
import type { Joined } from '../../../src/progress/job-services.js'
import type { MemoryNetwork } from '../../../src/transport/memory/memory-network.js'
import type { Delivery } from '../../../src/transport/memory/options.js'
import type { Slot } from '../../../src/transport/transport.js'
import { withoutExit } from '../memory-world.js'
import { NetworkTraffic, type TrafficMonitor } from '../traffic.js'
import type { Death, SimulatedProcess } from './process.js'

/** Who watches a network. */
export interface Observers {
  observe(delivery: Delivery): void
  observeSent(segment: Slot): void
}

/** `processes`: by the job's numbers. */
export type MakeNetwork = (observers: Observers, processes: readonly number[]) => MemoryNetwork

/** What joins processes: those of a world, or two groups that have met. */
export class SimulatedFabric {
  /** What its messages are told by. */
  readonly #name: string
  readonly #processes: readonly SimulatedProcess[]
  readonly #numbers: readonly number[]
  /** Ranks of the first group. */
  readonly #first: number
  readonly #network: MemoryNetwork
  /** What crosses it. */
  readonly traffic: NetworkTraffic

  constructor(name: string, processes: readonly SimulatedProcess[], first: number, monitor: TrafficMonitor, makeNetwork: MakeNetwork) {
    this.#name = name
    this.#processes = processes
    this.#first = first
    this.#numbers = processes.map(({ number }) => number)
    const traffic = new NetworkTraffic(monitor, this.#numbers)
    this.traffic = traffic
    const observers = { observe: (delivery: Delivery) => traffic.arrived(delivery), observeSent: (segment: Slot) => traffic.sent(segment) }
    this.#network = makeNetwork(observers, this.#numbers)
    for (const process of processes) process.join(this)
    for (const { death, number } of processes) if (death !== undefined) this.lose(number, death)
  }

  /** This process's end of it. */
  endpoint(process: SimulatedProcess): Endpoint {
    const endpoint = withoutExit(new Endpoint(this.#network.transports[this.#rankOf(process.number)]!), process.title)
    endpoint.processes = this.#numbers
    endpoint.fabric = this.#name
    endpoint.job = process.client
    process.enter(this, { endpoint, traffic: this.traffic })
    return endpoint
  }

  /** The same, of two groups; it is gone once both have closed it. */
  enter(process: SimulatedProcess): Joined {
    const endpoint = this.endpoint(process)
    endpoint.closed = () => {
      if (endpoint.unfreed.size === 0) process.leave(this)
    }
    const all = [...this.#processes.keys()]
    const [one, other] = [all.slice(0, this.#first), all.slice(this.#first)]
    const isFirst = this.#rankOf(process.number) < this.#first
    return { endpoint, local: isFirst ? one : other, remote: isFirst ? other : one, isFirst }
  }

  /** A process is no more. */
  lose(number: number, { reason, keep }: Death): void {
    const rank = this.#rankOf(number)
    if (keep === undefined) this.#network.end(rank, reason)
    else this.#network.fail(rank, reason, keep)
  }

  #rankOf(number: number): number {
    // In a world they are one behind the other.
    const rank = number - this.#numbers[0]!
    return this.#numbers[rank] === number ? rank : this.#numbers.indexOf(number)
  }
}

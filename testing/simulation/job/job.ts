import type { SchedulerLike } from 'rxjs'
import { Communicator, joinedBy } from '../../../src/communicator/communicator.js'
import type { ToJob } from '../../../src/job/messages.js'
import { Ports } from '../../../src/job/ports.js'
import { Starting } from '../../../src/job/starting.js'
import { WORLD } from '../../../src/progress/context-ids.js'
import type { Endpoint } from '../../../src/progress/endpoint.js'
import { isTicket, type Joined, type Order, type Part, type Refusal, type SpawnOrder } from '../../../src/progress/job-services.js'
import { MemoryNetwork } from '../../../src/transport/memory/memory-network.js'
import type { MemoryNetworkOptions } from '../../../src/transport/memory/options.js'
import type { NetworkTraffic, TrafficMonitor } from '../traffic.js'
import { type MakeNetwork, SimulatedFabric } from './fabric.js'
import { type Death, type ProcessJob, SimulatedProcess } from './process.js'
import { programAt, refusalOf, type SimulatedPrograms } from './programs.js'
import { SimulatedWorld } from './world.js'

export interface SimulatedJobOptions {
  /** `link` is asked by the job's numbers, in all worlds. */
  readonly network: MemoryNetworkOptions
  readonly programs: SimulatedPrograms
  readonly traffic: TrafficMonitor
  /** Called with each end that a process has of anything. */
  prepare(process: number, endpoint: Endpoint, traffic: NetworkTraffic): void
  /** Runs the program of a spawned rank; where that throws, it has not started. */
  run(process: number, program: () => unknown): void
}

/** Of the error of a program that has not started. */
const SHOWN_LINES = 10
const NO_NETWORK = 'there is no network in a simulation, and no other job'

/**
 * The job of a simulation: its worlds, and what joins them, in virtual time. What its ranks and it say to each other is what those of a
 * real one do (`src/job`), and takes a message's time each way; what it does takes none.
 */
export class SimulatedJob implements ProcessJob {
  readonly #options: SimulatedJobOptions
  readonly #scheduler: SchedulerLike
  readonly #network: MemoryNetwork
  /** By the job's numbers, in which each world follows those before it. */
  readonly #processes: SimulatedProcess[] = []
  /** The number of each one's host, where there are several. */
  readonly #hosts: number[] | undefined
  readonly #worlds: SimulatedWorld[] = []
  readonly #fabrics: SimulatedFabric[] = []
  readonly #starting = new Map<SimulatedWorld, Starting>()
  readonly #ports: Ports
  /** Of each rank of the first world. */
  readonly comms: readonly Communicator[]

  constructor(size: number, options: SimulatedJobOptions) {
    const { network } = options
    this.#options = options
    this.#scheduler = network.scheduler
    let first: MemoryNetwork | undefined
    const world = this.#world([{ program: '', ranks: size, args: [], env: {} }], (observers) => {
      first = new MemoryNetwork(size, { ...network, ...observers })
      return first
    })
    this.#network = first!
    this.#hosts = network.hosts && [...network.hosts]
    this.#ports = new Ports({
      now: () => this.#scheduler.now(),
      after: (ms, action) => {
        const due = this.#scheduler.schedule(action, ms)
        return () => due.unsubscribe()
      },
      tell: (process, message) => this.#processes[process]!.post(message),
      join: (listening, connecting) => this.#join(listening, connecting),
      seat: (fabric, processes, port) => this.#seat(fabric, processes, { port }),
      // Nobody has entered it.
      drop: () => undefined,
      // Ports that are open to others are refused before.
      open: () => undefined,
      shut: () => undefined
    })
    this.comms = world.processes.map((process) => this.#commOf(world, process))
  }

  /** All ranks there have been, of all worlds. */
  get processes(): readonly SimulatedProcess[] {
    return this.#processes
  }

  /** A process is no more. */
  end(number: number, death: Death): void {
    const process = this.#processes[number]!
    process.die(death, () => this.#ended(number))
  }

  callWay(): (action: () => void) => void {
    return this.#network.callWay()
  }

  enter(process: SimulatedProcess, fabric: number): Joined {
    const joined = this.#fabrics[fabric]!.enter(process)
    this.#options.prepare(process.number, joined.endpoint, this.#fabrics[fabric]!.traffic)
    return joined
  }

  hear({ number }: SimulatedProcess, message: ToJob): void {
    switch (message.type) {
      case 'asked':
        return this.#asked(number, message.id, message.order)
      case 'withdrawn':
        this.#ports.withdrawn(number, message.id)
        for (const starting of this.#starting.values()) starting.withdrawn(number, message.id)
        return
      case 'withdraw':
        this.#ports.withdraw(message.key, number)
        for (const starting of this.#starting.values()) starting.withdraw(message.key, number)
        return
      case 'taken':
        return this.#ports.taken(message.port)
      case 'unlisten':
        return this.#ports.unlisten(message.port)
    }
  }

  #asked(root: number, id: number, order: Order): void {
    const refuse = (message: string): void => this.#answer(root, id, undefined, { name: 'PortError', message })
    if (order.type === 'spawn') return this.#spawn(root, id, order)
    if (order.type === 'listen') {
      if (order.scope === 'network') return refuse(`port '${order.name}': ${NO_NETWORK}: leave scope: 'network' out, and connect by name`)
      return this.#ports.listen(root, id, order)
    }
    if (isTicket(order.name)) return refuse(`nobody lets this group in by that ticket: ${NO_NETWORK}; connect by name`)
    this.#ports.connect(root, id, order)
  }

  #spawn(root: number, id: number, order: SpawnOrder): void {
    const refusal = refusalOf(order, this.#options.programs)
    if (refusal !== undefined) return this.#answer(root, id, undefined, refusal)
    const { parts } = order
    const parents = order.processes as number[]
    const world = this.#world(parts, this.#beside, this.#hosts?.[root])
    const children = [...world.alive]
    const fabric = this.#join(parents, children)
    this.#starting.set(
      world,
      new Starting(world, { root, id, key: order.key }, (refused) => {
        if (refused === undefined) this.#seat(fabric, parents)
        else this.#drop(fabric, parents)
        this.#answer(root, id, fabric, refused)
      })
    )
    for (const process of world.processes) process.client.onParent = (joined) => this.#begin(world, process, joined)
    this.#seat(fabric, children, { isParent: true })
  }

  /** Runs a program that its rank has been spawned for. */
  #begin(world: SimulatedWorld, process: SimulatedProcess, joined: Joined): void {
    const { number } = process
    const { program: path, args, env } = world.partOf(number)
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const program = programAt(path, this.#options.programs)!
    const comm = this.#commOf(world, process)
    const parent = joinedBy(joined, 'parent', undefined)
    parent.isGiven = true
    try {
      this.#options.run(number, () => program(comm, parent, { args, env: Object.fromEntries(given) }))
    } catch (error) {
      const text = String((error as Error | undefined)?.stack ?? error)
        .split('\n')
        .slice(0, SHOWN_LINES)
        .join('\n')
      return process.tell(() => {
        const starting = this.#starting.get(world)
        starting?.output(number, text)
        starting?.fail({ rank: number, text: 'its program has thrown an error' })
      })
    }
    process.tell(() => {
      if (this.#starting.get(world)?.started(number)) this.#starting.delete(world)
    })
  }

  #ended(number: number): void {
    const world = this.#worlds.findLast(({ base }) => base <= number)!
    world.alive.delete(number)
    this.#ports.ended(number)
    if (this.#starting.get(world)?.ended(number)) this.#starting.delete(world)
  }

  #answer(root: number, id: number, value: number | undefined, refusal?: Refusal): void {
    this.#processes[root]!.post({ type: 'answered', id, value, refusal })
  }

  #seat(fabric: number, processes: readonly number[], { port, isParent = false }: { port?: number; isParent?: boolean } = {}): void {
    for (const process of processes) this.#processes[process]!.post({ type: 'joined', seat: { fabric, isParent, port } })
  }

  #world(parts: readonly Part[], makeNetwork: MakeNetwork, host?: number): SimulatedWorld {
    const number = this.#worlds.length
    const size = parts.reduce((sum, { ranks }) => sum + ranks, 0)
    const base = this.#processes.length
    const processes = Array.from({ length: size }, (_, rank) => {
      return new SimulatedProcess(base + rank, number === 0 ? `${rank}` : `${number}.${rank}`, this)
    })
    this.#processes.push(...processes)
    if (host !== undefined) this.#hosts?.push(...processes.map(() => host))
    const fabric = new SimulatedFabric(`world ${number}`, processes, size, this.#options.traffic, makeNetwork)
    const notStarted = { reason: 'has not started', keep: (parcels: number) => parcels }
    const world = new SimulatedWorld(processes, fabric, parts, (process) => this.end(process.number, notStarted))
    this.#worlds.push(world)
    return world
  }

  #commOf({ fabric, members }: SimulatedWorld, process: SimulatedProcess): Communicator {
    const endpoint = fabric.endpoint(process)
    this.#options.prepare(process.number, endpoint, fabric.traffic)
    return new Communicator(endpoint, WORLD, 'world', members)
  }

  #join(first: readonly number[], second: readonly number[]): number {
    const number = this.#fabrics.length
    const processes = [...first, ...second].map((process) => this.#processes[process]!)
    this.#fabrics.push(new SimulatedFabric(`fabric ${number}`, processes, first.length, this.#options.traffic, this.#beside))
    return number
  }

  /** There will be nobody to use it. */
  #drop(fabric: number, processes: readonly number[]): void {
    for (const process of processes) this.#processes[process]!.leave(this.#fabrics[fabric]!)
  }

  /** A network of its own between processes, in the same time. */
  readonly #beside: MakeNetwork = (observers, processes) => {
    const { link } = this.#options.network
    const hosts = this.#hosts
    return this.#network.beside(processes.length, {
      ...observers,
      ...(link && { link: (from: number, to: number) => link(processes[from]!, processes[to]!) }),
      ...(hosts && { hosts: processes.map((process) => hosts[process]!) })
    })
  }
}

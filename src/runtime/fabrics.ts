import type { MessagePort } from 'node:worker_threads'
import { JobClient } from '../job/job-client.js'
import type { FromJob } from '../job/messages.js'
import { Endpoint } from '../progress/endpoint.js'
import type { Joined, Process } from '../progress/job-services.js'
import { BufferHandoff } from '../transport/shared/buffer-handoff.js'
import { FabricTransport } from '../transport/shared/fabric-transport.js'
import type { SharedTransport } from '../transport/shared/shared-transport.js'
import type { FabricSeat, FromRank, ToRank } from './rank-protocol.js'

const ABOUT: ReadonlySet<ToRank['type']> = new Set<ToRank['type']>(['joined', 'answered', 'unlistened', 'ticket'])

/** A rank's end of a line in a fabric. */
type LineMessage = Extract<ToRank, { type: 'line' }> & { fabric: number }
/** What the job says that concerns other worlds. */
type FabricMessage = FromJob<FabricSeat> | LineMessage

/**
 * What joins this rank with others than those of its world: for each such group an endpoint of its own, with ranks of its own numbers. All
 * are polled by the poller of the thread.
 */
export class Fabrics {
  /** What it asks of the job, and hears from it. */
  readonly client: JobClient<FabricSeat>
  /** That of the world first. */
  readonly endpoints = new Set<Endpoint>()
  readonly #home: SharedTransport
  readonly #world: Endpoint
  readonly #tell: (message: FromRank, transfer?: MessagePort[]) => void
  readonly #look: () => void
  readonly #handoffs = new Map<number, BufferHandoff>()
  /** Lines that have come before their fabric. */
  readonly #lines: LineMessage[] = []
  #waiting = 0
  /** Messages of the job since that was last told. */
  #heard = 0
  #alive: NodeJS.Timeout | undefined

  constructor(
    process: Process,
    world: Endpoint,
    home: SharedTransport,
    tell: (message: FromRank, transfer?: MessagePort[]) => void,
    look: () => void
  ) {
    this.client = new JobClient(process, {
      tell,
      enter: (seat) => this.#enter(seat),
      hold: (change) => this.#hold(change),
      await: (change) => home.poller.awaitLoop(change)
    })
    this.#world = world
    this.#home = home
    this.#tell = tell
    this.#look = look
    this.endpoints.add(world)
  }

  /** Whether it is for this. */
  concerns(message: ToRank): message is FabricMessage {
    return ABOUT.has(message.type) || (message.type === 'line' && message.fabric !== undefined)
  }

  /** What the job says. */
  onMessage(message: FabricMessage): void {
    if (message.type === 'line') {
      if (this.#handoffs.has(message.fabric)) this.#accept(message)
      else this.#lines.push(message)
      return
    }
    this.client.onMessage(message)
    this.#heard++
  }

  /** Has the job know that what it has said has been seen to, by when this rank rests: before that it does not matter. */
  tellHeard(): void {
    if (this.#heard > 0) this.#tell({ type: 'heard', messages: this.#heard })
    this.#heard = 0
  }

  get flushed(): boolean {
    for (const { flushed } of this.endpoints) if (!flushed) return false
    return true
  }

  poll(): void {
    for (const { transport } of this.endpoints) transport.poll()
  }

  #enter({ fabric, memory, isReused, rank, first, processes, crowded }: FabricSeat): Joined {
    const { poller } = this.#home
    if (crowded) poller.crowd()
    const handoff = new BufferHandoff((to, end) => this.#tell({ type: 'line', to, port: end, fabric }, [end]), this.#look)
    const transport = new FabricTransport(rank, processes.length, memory, poller, handoff, !isReused)
    const endpoint = new Endpoint(transport)
    endpoint.processes = processes
    endpoint.memoryInUse = this.#world.memoryInUse
    this.#world.matches?.follow(endpoint)
    endpoint.fabric = `fabric ${fabric}`
    endpoint.abort = this.#world.abort
    endpoint.job = this.client
    const leave = (): void => {
      if (endpoint.unfreed.size > 0) return
      const hasLeft = transport.leave(() => {
        if (!endpoint.flushed) return false
        this.endpoints.delete(endpoint)
        this.#handoffs.delete(fabric)
        return true
      })
      this.#tell({ type: 'closed', fabric, hasLeft })
    }
    endpoint.closed = () => transport.betweenPolls(leave)
    this.endpoints.add(endpoint)
    this.#handoffs.set(fabric, handoff)
    for (const line of this.#lines.splice(0)) this.onMessage(line)
    const all = [...processes.keys()]
    const [one, other] = [all.slice(0, first), all.slice(first)]
    const isFirst = rank < first
    return { endpoint, local: isFirst ? one : other, remote: isFirst ? other : one, isFirst }
  }

  #accept({ fabric, from, port }: LineMessage): void {
    this.#handoffs.get(fabric)!.accept(from, port as MessagePort)
  }

  /** What the job says comes by the event loop, and nothing but this keeps it open meanwhile. */
  #hold(change: 1 | -1): void {
    this.#waiting += change
    if (this.#waiting > 0) this.#alive ??= setInterval(() => undefined, 2 ** 30)
    else {
      clearInterval(this.#alive)
      this.#alive = undefined
    }
  }
}

import type { MessagePort } from 'node:worker_threads'
import { Observable, type Subscriber } from 'rxjs'
import { PortError, SpawnError } from '../errors.js'
import { Endpoint } from '../progress/endpoint.js'
import type { JobServices, Joined, Process, SpawnOrder } from '../progress/job-services.js'
import { BufferHandoff } from '../transport/shared/buffer-handoff.js'
import { FabricTransport } from '../transport/shared/fabric-transport.js'
import type { SharedTransport } from '../transport/shared/shared-transport.js'
import type { FabricSeat, FromRank, Refusal, ToRank } from './rank-protocol.js'

/** What an order to the job is made of, beside its number. */
type Order = { type: 'spawn'; order: SpawnOrder }

/**
 * What joins this rank with others than those of its world: for each such group an endpoint of its own, with ranks of its own numbers. All
 * are polled by the poller of the thread.
 */
export class Fabrics implements JobServices {
  readonly process: Process
  /** That of the world first. */
  readonly endpoints = new Set<Endpoint>()
  readonly #home: SharedTransport
  readonly #world: Endpoint
  readonly #tell: (message: FromRank, transfer?: MessagePort[]) => void
  readonly #look: () => void
  readonly #asked = new Map<number, Subscriber<unknown>>()
  #nextAsked = 0
  /** Those that have come and those that somebody waits for, by number. */
  readonly #come = new Map<number, Joined>()
  readonly #awaited = new Map<number, Subscriber<Joined>>()
  readonly #handoffs = new Map<number, BufferHandoff>()
  /** Lines that have come before their fabric. */
  readonly #lines: Extract<ToRank, { type: 'line' }>[] = []
  #waiting = 0
  #alive: NodeJS.Timeout | undefined
  /** Told of the way to those who have spawned this rank. */
  onParent: (joined: Joined) => void = () => undefined

  constructor(
    process: Process,
    world: Endpoint,
    home: SharedTransport,
    tell: (message: FromRank, transfer?: MessagePort[]) => void,
    look: () => void
  ) {
    this.process = process
    this.#world = world
    this.#home = home
    this.#tell = tell
    this.#look = look
    this.endpoints.add(world)
  }

  spawn(order: SpawnOrder): Observable<number> {
    return this.#ask<number>({ type: 'spawn', order })
  }

  join(fabric: number): Observable<Joined> {
    return new Observable((subscriber) => {
      const joined = this.#come.get(fabric)
      if (joined === undefined) {
        this.#awaited.set(fabric, subscriber)
        this.#hold(1)
        return () => {
          if (this.#awaited.delete(fabric)) this.#hold(-1)
        }
      }
      this.#come.delete(fabric)
      subscriber.next(joined)
      subscriber.complete()
      return undefined
    })
  }

  /** What the job says; false where it is not about fabrics. */
  onMessage(message: ToRank): boolean {
    switch (message.type) {
      case 'joined':
        this.#take(message.seat)
        return true
      case 'answered':
        this.#answered(message.id, message.value, message.refusal)
        return true
      case 'line':
        if (message.fabric === undefined) return false
        if (this.#handoffs.has(message.fabric)) this.#accept(message)
        else this.#lines.push(message)
        return true
      default:
        return false
    }
  }

  get flushed(): boolean {
    for (const { flushed } of this.endpoints) if (!flushed) return false
    return true
  }

  poll(): void {
    for (const { transport } of this.endpoints) transport.poll()
  }

  #ask<T>(order: Order): Observable<T> {
    return new Observable<T>((subscriber) => {
      const id = this.#nextAsked++
      this.#asked.set(id, subscriber as Subscriber<unknown>)
      this.#hold(1)
      this.#tell({ ...order, id })
      return () => {
        if (this.#asked.delete(id)) this.#hold(-1)
      }
    })
  }

  #answered(id: number, value: unknown, refusal: Refusal | undefined): void {
    const subscriber = this.#asked.get(id)
    if (refusal !== undefined) subscriber?.error(errorOf(refusal))
    else {
      subscriber?.next(value)
      subscriber?.complete()
    }
  }

  #take({ fabric, memory, rank, first, processes, crowded, isParent }: FabricSeat): void {
    const size = processes.length
    const { poller } = this.#home
    if (crowded) poller.crowd()
    const handoff = new BufferHandoff((to, end) => this.#tell({ type: 'line', to, port: end, fabric }, [end]), this.#look)
    const transport = new FabricTransport(rank, size, memory, poller, handoff)
    const endpoint = new Endpoint(transport)
    endpoint.processes = processes
    endpoint.abort = this.#world.abort
    endpoint.job = this
    this.endpoints.add(endpoint)
    this.#handoffs.set(fabric, handoff)
    for (const line of this.#lines.splice(0)) this.onMessage(line)
    const all = [...processes.keys()]
    const groups = [all.slice(0, first), all.slice(first)] as const
    const isFirst = rank < first
    const joined: Joined = {
      endpoint,
      local: groups[isFirst ? 0 : 1],
      remote: groups[isFirst ? 1 : 0],
      isFirst
    }
    endpoint.closed = () => {
      if (endpoint.unfreed.size > 0) return
      transport.leave(() => {
        if (!endpoint.flushed) return false
        this.endpoints.delete(endpoint)
        this.#handoffs.delete(fabric)
        return true
      })
      this.#tell({ type: 'closed', fabric })
    }
    if (isParent) return this.onParent(joined)
    const subscriber = this.#awaited.get(fabric)
    if (subscriber === undefined) this.#come.set(fabric, joined)
    else {
      subscriber.next(joined)
      subscriber.complete()
    }
  }

  #accept({ fabric, from, port }: Extract<ToRank, { type: 'line' }>): void {
    this.#handoffs.get(fabric!)!.accept(from, port as MessagePort)
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

function errorOf({ name, message, context }: Refusal): Error {
  return name === 'SpawnError' ? new SpawnError(message, context as { program: string }) : new PortError(message, context)
}

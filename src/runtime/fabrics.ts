import type { MessagePort } from 'node:worker_threads'
import { Observable, ReplaySubject, type Subscriber } from 'rxjs'
import { Endpoint } from '../progress/endpoint.js'
import { type JobServices, type Joined, type Order, type Process, type Refusal, refused } from '../progress/job-services.js'
import { BufferHandoff } from '../transport/shared/buffer-handoff.js'
import { FabricTransport } from '../transport/shared/fabric-transport.js'
import type { SharedTransport } from '../transport/shared/shared-transport.js'
import type { FabricSeat, FromRank, ToRank } from './rank-protocol.js'

const ABOUT: ReadonlySet<ToRank['type']> = new Set<ToRank['type']>(['joined', 'answered', 'offered', 'unlistened', 'ticket'])

/** What comes of a port: who has connected, that somebody would like to, or its end. */
type PortNews = Joined | 'offered' | 'closed'

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
  readonly #asked = new Map<number, Subscriber<number>>()
  #nextAsked = 0
  /** Those that have come and those that somebody waits for, by number. */
  readonly #come = new Map<number, Joined>()
  readonly #awaited = new Map<number, Subscriber<Joined>>()
  /** Who hears of a port; undefined where nobody does any more. */
  readonly #ports = new Map<number, Subscriber<Joined> | undefined>()
  /** What has come of ports that are not known yet. */
  readonly #early = new Map<number, PortNews[]>()
  readonly #tickets = new Map<number, ReplaySubject<string>>()
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

  ask(order: Order): Observable<number> {
    return new Observable((subscriber) => {
      const id = this.#nextAsked++
      this.#asked.set(id, subscriber)
      // What lasts a while by itself is no deadlock; who waits for others may be in one.
      const lasts = order.type === 'spawn' || (order.type === 'connect' && order.timeout > 0)
      if (lasts) this.#hold(1)
      this.#tell({ type: 'asked', id, order })
      return () => {
        if (lasts) this.#hold(-1)
        if (this.#asked.delete(id)) this.#tell({ type: 'withdrawn', id })
      }
    })
  }

  join(fabric: number): Observable<Joined> {
    return new Observable((subscriber) => {
      const joined = this.#come.get(fabric)
      if (joined === undefined) {
        this.#awaited.set(fabric, subscriber)
        this.#hold(1)
        return () => {
          this.#awaited.delete(fabric)
          this.#hold(-1)
        }
      }
      this.#come.delete(fabric)
      subscriber.next(joined)
      subscriber.complete()
      return undefined
    })
  }

  accept(port: number, isRoot: boolean): Observable<Joined> {
    return new Observable((subscriber) => {
      this.#ports.set(port, subscriber)
      const early = this.#early.get(port) ?? []
      this.#early.delete(port)
      for (const news of early) this.#hear(port, news)
      return () => {
        if (this.#ports.has(port)) this.#ports.set(port, undefined)
        if (isRoot) this.#tell({ type: 'unlisten', port })
      }
    })
  }

  ticket(port: number): Observable<string> {
    return this.#ticket(port)
  }

  #ticket(port: number): ReplaySubject<string> {
    const ticket = this.#tickets.get(port) ?? new ReplaySubject<string>(1)
    this.#tickets.set(port, ticket)
    return ticket
  }

  /** Whether it is for this. */
  concerns(message: ToRank): boolean {
    return ABOUT.has(message.type) || (message.type === 'line' && message.fabric !== undefined)
  }

  /** What the job says. */
  onMessage(message: ToRank): void {
    switch (message.type) {
      case 'line':
        if (this.#handoffs.has(message.fabric!)) this.#accept(message)
        else this.#lines.push(message)
        return
      case 'joined':
        this.#take(message.seat)
        break
      case 'answered':
        this.#answered(message.id, message.value, message.refusal)
        break
      case 'offered':
        this.#hear(message.port, 'offered')
        break
      case 'ticket':
        this.#ticket(message.port).next(message.ticket)
        break
      case 'unlistened':
        this.#tickets.delete(message.port)
        this.#hear(message.port, 'closed')
        break
    }
    this.#tell({ type: 'heard' })
  }

  get flushed(): boolean {
    for (const { flushed } of this.endpoints) if (!flushed) return false
    return true
  }

  poll(): void {
    for (const { transport } of this.endpoints) transport.poll()
  }

  #hear(port: number, news: PortNews): void {
    if (!this.#ports.has(port)) {
      this.#early.set(port, [...(this.#early.get(port) ?? []), news])
      return
    }
    const subscriber = this.#ports.get(port)
    if (news === 'closed') {
      this.#ports.delete(port)
      subscriber?.complete()
    } else if (news === 'offered') this.#tell({ type: subscriber === undefined ? 'unlisten' : 'accept', port })
    else subscriber?.next(news)
  }

  #answered(id: number, value: number | undefined, refusal: Refusal | undefined): void {
    const subscriber = this.#asked.get(id)
    this.#asked.delete(id)
    if (refusal !== undefined) subscriber?.error(refused(refusal))
    else {
      subscriber?.next(value!)
      subscriber?.complete()
    }
  }

  #take({ fabric, memory, rank, first, processes, crowded, isParent, port }: FabricSeat): void {
    const { poller } = this.#home
    if (crowded) poller.crowd()
    const handoff = new BufferHandoff((to, end) => this.#tell({ type: 'line', to, port: end, fabric }, [end]), this.#look)
    const transport = new FabricTransport(rank, processes.length, memory, poller, handoff)
    const endpoint = new Endpoint(transport)
    endpoint.processes = processes
    endpoint.memoryInUse = this.#world.memoryInUse
    this.#world.matches?.follow(endpoint)
    endpoint.fabric = `fabric ${fabric}`
    endpoint.abort = this.#world.abort
    endpoint.job = this
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
    this.endpoints.add(endpoint)
    this.#handoffs.set(fabric, handoff)
    for (const line of this.#lines.splice(0)) this.onMessage(line)
    const all = [...processes.keys()]
    const [one, other] = [all.slice(0, first), all.slice(first)]
    const isFirst = rank < first
    const joined: Joined = { endpoint, local: isFirst ? one : other, remote: isFirst ? other : one, isFirst }
    if (isParent) return this.onParent(joined)
    if (port !== undefined) return this.#hear(port, joined)
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

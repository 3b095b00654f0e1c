import { type ConnectOrder, type ListenOrder, type Refusal, withdrawnBy } from '../progress/job-services.js'
import type { JobNews } from './messages.js'

/** What ports need of the job. */
export interface PortsJob {
  /** Milliseconds. */
  now(): number
  /** Calls back when so many milliseconds are over; returns how to want that no more. */
  after(ms: number, action: () => void): () => void
  tell(process: number, message: JobNews): void
  /** Lets strangers in by a ticket, until it is shut. */
  open(port: number, processes: readonly number[]): void
  shut(port: number): void
  /** Makes what joins two groups; returns its number. */
  join(first: readonly number[], second: readonly number[]): number
  /** Gives processes their places in it; `port`: what it has come of, for those who listen. */
  seat(fabric: number, processes: readonly number[], port?: number): void
  /** Nobody will use it. */
  drop(fabric: number): void
}

/** Ranks of another job that would like to connect. */
export interface Stranger {
  /** Makes what joins them with those who listen; returns its number, or undefined where it has refused them. */
  join(first: readonly number[]): number | undefined
  /** They are let in. */
  admit(fabric: number): void
  refuse(refusal: Refusal): void
}

interface Caller {
  /** Who has asked, and the number of what was asked for. */
  readonly root: number
  readonly id: number
  readonly processes: readonly number[]
}

interface Port extends Caller {
  readonly number: number
  readonly name: string
  readonly limit: number
  readonly queue: Connecting[]
  /** Who is about to be let in, when those who listen have taken it. */
  offered: Offer | undefined
}

interface Offer {
  readonly connecting: Connecting
  readonly fabric: number
  /** It has gone away meanwhile. */
  isGone: boolean
}

interface Connecting extends Caller {
  readonly name: string
  readonly key: string
  /** Which of its processes does not want it any more. */
  withdrawnBy?: number | undefined
  /** When it is given up. */
  readonly until: number
  /** Has its time not end any more. */
  stop?: (() => void) | undefined
  stranger?: Stranger
}

/** The ports of a job, by name, and who would like to connect to them. */
export class Ports {
  readonly #job: PortsJob
  readonly #ports = new Map<number, Port>()
  /** Those for whose port nobody listens yet. */
  readonly #early = new Set<Connecting>()
  #next = 0

  constructor(job: PortsJob) {
    this.#job = job
  }

  listen(root: number, id: number, { name, queue: limit, processes, scope }: ListenOrder): void {
    const caller = { root, id, processes: processes as number[] }
    if (this.#named(name) !== undefined) return this.#refuse(caller, `port '${name}' is in use: somebody listens there already`)
    const port: Port = { ...caller, number: this.#next++, name, limit, queue: [], offered: undefined }
    this.#ports.set(port.number, port)
    this.#answer(caller, port.number)
    if (scope === 'network') this.#job.open(port.number, port.processes)
    for (const connecting of [...this.#early]) if (connecting.name === name) this.#seek(connecting)
  }

  connect(root: number, id: number, { key, name, timeout, processes }: ConnectOrder): void {
    this.#seek({ root, id, processes: processes as number[], key, name, until: this.#job.now() + timeout })
  }

  /** Somebody of another job has come with a ticket; returns how to want that no more. */
  connectStranger(number: number, stranger: Stranger): () => void {
    const name = this.#ports.get(number)?.name
    const connecting: Connecting = { root: -1, id: -1, processes: [], key: '', name: name ?? '', until: 0, stranger }
    if (name === undefined) this.#refuse(connecting, 'nobody listens at that port any more')
    else this.#seek(connecting)
    return () => this.#drop((caller) => caller === connecting)
  }

  /**
   * The root of those who listen has taken who was offered: all others get their places now, in the same order everywhere. Before this,
   * who connects is not told: where the port is closed instead, it has never been let in.
   */
  taken(number: number): void {
    const port = this.#ports.get(number)
    if (port?.offered === undefined) return
    const { connecting, fabric, isGone } = port.offered
    port.offered = undefined
    const others = port.processes.filter((process) => process !== port.root)
    this.#job.seat(fabric, others, number)
    if (!isGone) {
      if (connecting.stranger === undefined) this.#job.seat(fabric, connecting.processes)
      connecting.stranger?.admit(fabric)
      this.#answer(connecting, fabric)
    }
    this.#offer(port)
  }

  unlisten(number: number): void {
    const port = this.#ports.get(number)
    if (port === undefined) return
    this.#ports.delete(number)
    this.#job.shut(number)
    for (const process of port.processes) this.#job.tell(process, { type: 'unlistened', port: number })
    const { offered } = port
    if (offered !== undefined) this.#job.drop(offered.fabric)
    const waiting = offered === undefined || offered.isGone ? port.queue : [offered.connecting, ...port.queue]
    for (const connecting of waiting) this.#seek(connecting)
  }

  /**
   * Ranks that connect do not want it any more. Where those who listen are about to take it, they decide: both sides have it, or neither.
   */
  withdraw(key: string, process: number): void {
    for (const port of this.#ports.values()) {
      const offered = port.offered?.connecting
      if (offered?.key === key) offered.withdrawnBy ??= process
    }
    for (const waiting of [this.#early, ...[...this.#ports.values()].map(({ queue }) => queue)]) {
      for (const connecting of waiting) if (connecting.key === key) return this.#giveUp(connecting, process)
    }
  }

  /** What was asked for is not wanted any more. */
  withdrawn(root: number, id: number): void {
    this.#drop((caller) => caller.root === root && caller.id === id)
  }

  /** A process is no more. */
  ended(process: number): void {
    this.#drop(({ root }) => root === process)
  }

  #named(name: string): Port | undefined {
    return [...this.#ports.values()].find((port) => port.name === name)
  }

  /** Somebody waits for its turn at a port, or for the port. */
  #seek(connecting: Connecting): void {
    const { name, until } = connecting
    connecting.stop?.()
    this.#early.delete(connecting)
    if (connecting.withdrawnBy !== undefined) return this.#giveUp(connecting, connecting.withdrawnBy)
    const port = this.#named(name)
    if (port === undefined) return this.#wait(connecting, until - this.#job.now())
    const both = port.processes.filter((process) => connecting.processes.includes(process))
    if (both.length > 0) {
      const ranks = both.map((process) => connecting.processes.indexOf(process)).join(', ')
      const why = `ranks ${ranks} listen at port '${name}' themselves; two groups that are joined have no rank in common`
      return this.#refuse(connecting, why, 'RankError')
    }
    if (port.offered !== undefined && port.queue.length >= port.limit) {
      return this.#refuse(connecting, `port '${name}' is busy: ${port.limit} others wait there already, as many as may`)
    }
    port.queue.push(connecting)
    this.#offer(port)
  }

  #giveUp(connecting: Connecting, process: number): void {
    this.#drop((caller) => caller === connecting)
    this.#tellRefusal(connecting, withdrawnBy(process))
  }

  #wait(connecting: Connecting, ms: number): void {
    const giveUp = (): void => {
      this.#early.delete(connecting)
      this.#refuse(connecting, `nobody listens at port '${connecting.name}'`)
    }
    if (ms <= 0) return giveUp()
    this.#early.add(connecting)
    connecting.stop = this.#job.after(ms, giveUp)
  }

  /** The next one's turn, unless somebody is about to be let in. */
  #offer(port: Port): void {
    while (port.offered === undefined && port.queue.length > 0) {
      const connecting = port.queue.shift()!
      const { stranger, processes } = connecting
      const fabric = stranger === undefined ? this.#job.join(port.processes, processes) : stranger.join(port.processes)
      if (fabric === undefined) continue
      port.offered = { connecting, fabric, isGone: false }
      this.#job.seat(fabric, [port.root], port.number)
    }
  }

  #drop(isIt: (caller: Caller) => boolean): void {
    for (const connecting of this.#early) {
      if (!isIt(connecting)) continue
      connecting.stop?.()
      this.#early.delete(connecting)
    }
    for (const port of [...this.#ports.values()]) {
      if (isIt(port)) this.unlisten(port.number)
      const place = port.queue.findIndex(isIt)
      if (place >= 0) port.queue.splice(place, 1)
      if (port.offered !== undefined && isIt(port.offered.connecting)) port.offered.isGone = true
    }
  }

  #answer({ root, id, stranger }: Caller & { stranger?: Stranger }, value: number): void {
    if (stranger === undefined) this.#job.tell(root, { type: 'answered', id, value })
  }

  #refuse(caller: Caller & { stranger?: Stranger }, message: string, name: Refusal['name'] = 'PortError'): void {
    this.#tellRefusal(caller, { name, message })
  }

  #tellRefusal({ root, id, stranger }: Caller & { stranger?: Stranger }, refusal: Refusal): void {
    if (stranger !== undefined) return stranger.refuse(refusal)
    this.#job.tell(root, { type: 'answered', id, refusal })
  }
}

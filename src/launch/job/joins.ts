import { randomBytes } from 'node:crypto'
import type { FromRank, ToRank } from '../../runtime/rank-protocol.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import type { Address } from '../../transport/websocket/dial.js'
import { FabricSites } from '../host/fabric-sites.js'
import type { Gone, Host } from '../protocol/host.js'
import type { FabricPlan, FromSite, SeatSetting, ToSite } from '../protocol/site-protocol.js'
import type { World } from './world.js'

/** How processes that a fabric is spread over are joined. */
export interface LinkSetting {
  reconnectMs: number
  startMs: number
  certificate: Certificate | undefined
  /** How other machines reach this one. */
  addresses(): string[]
}

/** A process that has ranks of a fabric: this one, or another. */
interface Site {
  readonly host: Host | undefined
  tell(message: ToSite): void
  addresses: readonly Address[] | undefined
}

/** What joins two groups of processes. */
interface Fabric {
  readonly number: number
  /** Those of the first group come first. */
  readonly processes: readonly number[]
  readonly worlds: ReadonlySet<World>
  readonly sites: readonly Site[]
  /** The site of each rank. */
  readonly siteOf: readonly number[]
  /** Those that may still use it. */
  readonly users: Set<number>
  /** Those in whose site something may still be that they have sent. */
  readonly undrained: Set<number>
  /** Both groups have closed it: neither's failure is the other's any more. */
  isClosed: boolean
}

/** The fabrics of a job: what joins ranks of several worlds. */
export class Joins {
  readonly #worldOf: (process: number) => World | undefined
  readonly #links: LinkSetting
  readonly #fabrics = new Map<number, Fabric>()
  /** Those of ranks that are threads of this process, by the job's numbers. */
  readonly #local: FabricSites
  /** How many messages about all this are on their way to each process: it is not at rest, though it looks so. */
  readonly #told = new Map<number, number>()
  #next = 0

  constructor(worldOf: (process: number) => World | undefined, links: LinkSetting) {
    this.#worldOf = worldOf
    this.#links = links
    this.#local = new FabricSites(
      {
        bell: (process) => {
          const world = worldOf(process)
          return world?.hostOf(process).bell?.(process - world.base)
        },
        post: (process, message, transfer) => worldOf(process)?.post(process, message, transfer),
        address: () => '127.0.0.1',
        crowded: () => true
      },
      (news) => this.news(news)
    )
  }

  get any(): boolean {
    return this.#fabrics.size + this.#told.size > 0
  }

  /** What has crossed between this process and others; undefined while something is under way. */
  get rest(): { sent: number; received: number } | undefined {
    return this.#told.size > 0 ? undefined : this.#local.rest
  }

  /** A number that has changed when something was sent by ranks here. */
  get traffic(): number {
    return this.#local.traffic
  }

  tell(process: number, message: ToRank): void {
    const world = this.#worldOf(process)
    if (world?.alive.has(process) !== true) return
    this.#expect(process)
    world.post(process, message)
  }

  /** It has seen to one of those. */
  heard(process: number): void {
    const left = (this.#told.get(process) ?? 1) - 1
    if (left > 0) this.#told.set(process, left)
    else this.#told.delete(process)
  }

  make(first: readonly number[], second: readonly number[]): number {
    const number = this.#next++
    const processes = [...first, ...second]
    const worlds = processes.map((process) => this.#worldOf(process))
    const sites: Site[] = []
    const siteOf = processes.map((process, rank) => {
      const host = worlds[rank]?.hostOf(process)
      const remote = host?.site === undefined ? undefined : host
      const found = sites.findIndex((site) => site.host === remote)
      if (found >= 0) return found
      const tell = remote === undefined ? (message: ToSite) => this.#local.obey(message) : (message: ToSite) => remote.site!(message)
      return sites.push({ host: remote, tell, addresses: undefined }) - 1
    })
    const isAlive = (process: number): boolean => this.#worldOf(process)?.alive.has(process) === true
    const fabric: Fabric = {
      number,
      processes,
      worlds: new Set(worlds.filter((world) => world !== undefined)),
      sites,
      siteOf,
      users: new Set(processes.filter(isAlive)),
      undrained: new Set(sites.length > 1 ? processes.filter(isAlive) : []),
      isClosed: false
    }
    this.#fabrics.set(number, fabric)
    const gone = [...processes.keys()].filter((rank) => !isAlive(processes[rank]!))
    const token = randomBytes(32).toString('base64url')
    for (const here of sites.keys()) {
      const ranks = [...processes.keys()].flatMap((rank) => (siteOf[rank] === here ? [{ rank, local: this.#localOf(fabric, rank) }] : []))
      const plan: FabricPlan = { fabric: number, processes, first: first.length, ranks, gone, links: undefined }
      if (sites.length > 1) plan.links = this.#linksOf(fabric, here, token)
      sites[here]!.tell({ type: 'plan', plan })
    }
    return number
  }

  /** Gives a process its place in a fabric. */
  seat(number: number, process: number, more: SeatSetting): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined || this.#worldOf(process)?.alive.has(process) !== true) return
    const rank = fabric.processes.indexOf(process)
    this.#expect(process)
    fabric.sites[fabric.siteOf[rank]!]!.tell({ type: 'seat', fabric: number, rank, more })
  }

  /** There will be nobody to use it. */
  drop(number: number): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    this.#fabrics.delete(number)
    for (const { tell } of fabric.sites) tell({ type: 'close', fabric: number })
  }

  closed(process: number, number: number): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    fabric.isClosed = true
    this.#leave(fabric, process)
  }

  /** A process is no more; `lost`: nor is there anybody who could say when all that it has sent has come. */
  ended(process: number, how: Gone, lost: boolean): void {
    this.#told.delete(process)
    this.#local.ended(process, how)
    for (const fabric of [...this.#fabrics.values()]) {
      const rank = fabric.processes.indexOf(process)
      if (rank === -1) continue
      if (lost) this.#drained(fabric, rank, how)
      this.#leave(fabric, process)
    }
  }

  /** What the processes of a fabric say. */
  news(news: FromSite): void {
    const fabric = this.#fabrics.get(news.fabric)
    if (fabric === undefined) return
    if (news.type === 'drained') return this.#drained(fabric, news.rank, news.how)
    fabric.sites[news.here]!.addresses = news.addresses
    const addresses = fabric.sites.flatMap((site) => (site.addresses === undefined ? [] : [site.addresses]))
    if (addresses.length < fabric.sites.length) return
    for (const { tell } of fabric.sites) tell({ type: 'addresses', fabric: fabric.number, addresses })
  }

  /** Whether processes of a world may still have to say something to others. */
  needs(world: World): boolean {
    for (const { worlds, undrained } of this.#fabrics.values()) {
      if (worlds.has(world) && world.processes.some((process) => undrained.has(process))) return true
    }
    return false
  }

  /** The worlds that are joined with one, by way of others or at once, and itself: what fails in one concerns all. */
  joinedWith(world: World): ReadonlySet<World> {
    const found = new Set([world])
    for (const each of found) {
      for (const { worlds, isClosed } of this.#fabrics.values()) {
        if (!isClosed && worlds.has(each)) for (const other of worlds) found.add(other)
      }
    }
    return found
  }

  line(process: number, message: Extract<FromRank, { type: 'line' }>): void {
    this.#local.line(process, message)
  }

  close(): void {
    this.#local.close()
  }

  #expect(process: number): void {
    this.#told.set(process, (this.#told.get(process) ?? 0) + 1)
  }

  /** What its site knows a rank by. */
  #localOf({ processes, sites, siteOf }: Fabric, rank: number): number {
    const process = processes[rank]!
    return sites[siteOf[rank]!]!.host === undefined ? process : process - this.#worldOf(process)!.base
  }

  #linksOf({ number, sites, siteOf }: Fabric, here: number, token: string): FabricPlan['links'] {
    const { reconnectMs, startMs, certificate, addresses } = this.#links
    const isFar = sites.some(({ host }) => host?.isFar)
    const listen = sites[here]!.host === undefined && isFar ? { address: '0.0.0.0', reach: addresses() } : undefined
    return { here, hosts: siteOf, token, name: `fabric-${number}`, listen, certificate, reconnectMs, startMs }
  }

  /** All that a rank has sent has come: those in other processes may hear that it is no more. */
  #drained({ number, processes, sites, siteOf, undrained }: Fabric, rank: number, how: Gone): void {
    if (!undrained.delete(processes[rank]!)) return
    for (const [here, { tell }] of sites.entries()) if (here !== siteOf[rank]) tell({ type: 'gone', fabric: number, rank, how })
  }

  #leave(fabric: Fabric, process: number): void {
    fabric.users.delete(process)
    if (fabric.users.size === 0) this.drop(fabric.number)
  }
}

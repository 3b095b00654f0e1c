import { randomBytes } from 'node:crypto'
import { ProtocolError } from '../../errors.js'
import type { Process } from '../../progress/job-services.js'
import type { FromRank, ToRank } from '../../runtime/rank-protocol.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import type { Address } from '../../transport/websocket/dial.js'
import { FabricSites } from '../host/fabric-sites.js'
import type { Gone, Host } from '../protocol/host.js'
import type { FabricPlan, FromSite, SeatSetting, ToSite } from '../protocol/site-protocol.js'
import { newsFrom, orderFrom, type Place } from './strangers.js'
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
  /** It is of another job, which sees to it. */
  readonly isOthers?: boolean
  tell(message: ToSite): void
  addresses: readonly Address[] | undefined
  /** It has been told of a fabric that another job coordinates. */
  isPlanned?: boolean
}

/** Ranks of another job. */
export interface Others {
  readonly ranks: readonly Place[]
  nameOf(rank: number): string
  tell(site: number, message: ToSite): void
}

/** What joins two groups of processes. */
interface Fabric {
  readonly number: number
  /** Those of the first group come first. */
  readonly processes: readonly Process[]
  /** Where another job coordinates it: tells that. */
  readonly report?: ((news: FromSite) => void) | undefined
  /** The number that it has there, and how many ranks there are before those of this job. */
  there?: number
  first?: number
  /** What processes of this job listen with then. */
  readonly certificate?: Certificate | undefined
  /** Ranks of other jobs that are no more. */
  readonly gone: Set<number>
  readonly worlds: ReadonlySet<World>
  readonly sites: readonly Site[]
  /** The site of each rank. */
  siteOf: readonly number[]
  /** Those of this job that may still use it. */
  readonly users: Set<Process>
  /** Those in whose site something may still be that they have sent. */
  readonly undrained: Set<Process>
  /** Both groups have closed it: neither's failure is the other's any more. */
  isClosed: boolean
  /** Ranks that have closed it and left its memory. */
  left: number
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
  /** Whether somebody of another job may be heard of. */
  isOpen: () => boolean = () => false

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
    if (this.#told.size > 0 || this.isOpen() || this.#isJoinedWithOthers) return undefined
    return this.#local.rest
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

  /** It has seen to so many of those. */
  heard(process: number, messages: number): void {
    const left = (this.#told.get(process) ?? messages) - messages
    if (left > 0) this.#told.set(process, left)
    else this.#told.delete(process)
  }

  /** Of ranks of this job, or with those of another that has connected to a port. */
  make(first: readonly number[], second: readonly number[], others?: Others): number {
    const number = this.#next++
    const own = [...first, ...second]
    const processes: readonly Process[] = [...own, ...(others?.ranks.map((_, rank) => others.nameOf(rank)) ?? [])]
    const places = this.placesOf(own)
    const sites = [...places.sites]
    const ranks = [...places.ranks]
    for (const { site, local } of others?.ranks ?? []) {
      const place = places.sites.length + site
      ranks.push({ site: place, local })
      sites[place] ??= { host: undefined, isOthers: true, tell: (message) => others!.tell(site, message), addresses: undefined }
    }
    const siteOf = ranks.map(({ site }) => site)
    const fabric: Fabric = {
      number,
      processes,
      worlds: new Set(own.flatMap((process) => this.#worldOf(process) ?? [])),
      sites,
      siteOf,
      users: new Set(own.filter((process) => this.#isAlive(process))),
      undrained: new Set(sites.length > 1 ? processes.filter((process) => typeof process === 'string' || this.#isAlive(process)) : []),
      gone: new Set(),
      isClosed: false,
      left: 0
    }
    this.#fabrics.set(number, fabric)
    const gone = [...own.keys()].filter((rank) => !this.#isAlive(own[rank]!))
    const token = randomBytes(32).toString('base64url')
    try {
      for (const [here, site] of sites.entries()) {
        const present = ranks.flatMap(({ site: place, local }, rank) => (place === here ? [{ rank, local }] : []))
        const plan: FabricPlan = { fabric: number, processes, first: first.length, ranks: present, gone, links: undefined }
        if (sites.length > 1) plan.links = this.#linksOf(fabric, here, token)
        site.tell({ type: 'plan', plan })
      }
    } catch (error) {
      this.drop(number)
      throw error
    }
    return number
  }

  /** The processes that have these ranks, and where each rank is. */
  placesOf(processes: readonly number[]): { sites: Site[]; ranks: { site: number; local: number }[] } {
    const sites: Site[] = []
    const ranks = processes.map((process) => {
      const world = this.#worldOf(process)
      const host = world?.hostOf(process)
      const remote = host?.site === undefined ? undefined : host
      const local = remote === undefined ? process : process - world!.base
      const found = sites.findIndex((site) => site.host === remote)
      if (found >= 0) return { site: found, local }
      const tell = remote === undefined ? (message: ToSite) => this.#local.obey(message) : (message: ToSite) => remote.site!(message)
      return { site: sites.push({ host: remote, tell, addresses: undefined }) - 1, local }
    })
    return { sites, ranks }
  }

  /** A fabric that another job coordinates, as far as ranks of this one are in it. */
  adopt(
    processes: readonly number[],
    sites: readonly Site[],
    report: (news: FromSite) => void,
    certificate: Certificate | undefined
  ): number {
    const number = this.#next++
    const alive = processes.filter((process) => this.#isAlive(process))
    this.#fabrics.set(number, {
      number,
      processes,
      report,
      certificate,
      worlds: new Set(processes.flatMap((process) => this.#worldOf(process) ?? [])),
      sites,
      siteOf: [],
      users: new Set(alive),
      undrained: new Set(alive),
      gone: new Set(),
      isClosed: false,
      left: 0
    })
    return number
  }

  /** What the other job says to a process of this one; a ProtocolError where that cannot be. */
  forward(number: number, site: number, said: unknown): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    const message = orderFrom(said, { first: fabric.first, size: fabric.processes.length })
    const own = fabric.sites[site]
    if (own === undefined)
      throw new ProtocolError(`another job has spoken to process ${site}, and ${fabric.sites.length} are joined with it`)
    if (message.type === 'gone') fabric.gone.add(message.rank)
    if (message.type !== 'plan') return own.tell({ ...message, fabric: number })
    if (own.isPlanned) throw new ProtocolError('another job has planned twice')
    own.isPlanned = true
    const { plan } = message
    const { first } = plan
    const links = plan.links!
    if (fabric.first !== undefined && fabric.first !== first)
      throw new ProtocolError('another job has planned for two processes differently')
    fabric.there = plan.fabric
    fabric.first = first
    const { certificate } = fabric
    const processes = plan.processes.map((_, rank) => fabric.processes[rank - first] ?? `${links.name}.${rank}`)
    const isFar = fabric.sites.some(({ host }) => host?.isFar) || links.isEncrypted
    const listen = own.host === undefined && isFar ? { address: '0.0.0.0', reach: this.#links.addresses() } : undefined
    // Which ranks are where is this job's to say.
    const places = this.placesOf([...(fabric.processes as number[])]).ranks
    const ranks = places.flatMap(({ site: place, local }, rank) => (place === site ? [{ rank: first + rank, local }] : []))
    const hosts = links.hosts.map((host, rank) => (places[rank - first]?.site === site ? links.here : host))
    const { reconnectMs, startMs } = this.#links
    const joined = { ...links, hosts, listen, certificate, reconnectMs, startMs }
    own.tell({ type: 'plan', plan: { ...plan, fabric: number, processes, ranks, links: joined } })
  }

  /** What a process of another job says of a fabric that this one coordinates; a ProtocolError where that cannot be. */
  hear(number: number, said: unknown): void {
    const news = newsFrom(said)
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    const isTheirs = news.type === 'listening' ? fabric.sites[news.here]?.isOthers : typeof fabric.processes[news.rank] === 'string'
    if (isTheirs !== true) throw new ProtocolError('another job has told news of what is not its own')
    this.news({ ...news, fabric: number })
  }

  /** The other job is out of reach, or no more. */
  loseOthers(number: number, how: Gone): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    if (fabric.report === undefined) {
      for (const [rank, process] of fabric.processes.entries()) if (typeof process === 'string') this.#drained(fabric, rank, how)
      return
    }
    // Those who listen come first.
    for (let rank = 0; rank < (fabric.first ?? 0); rank++) {
      if (!fabric.gone.has(rank)) for (const { tell } of fabric.sites) tell({ type: 'gone', fabric: number, rank, how })
    }
  }

  /** Whether something may still be under way to ranks of other jobs. */
  get owesOthers(): boolean {
    const owing = [...this.#fabrics.values()].filter((fabric) => isWithOthers(fabric) && !fabric.isClosed)
    return owing.some(({ undrained }) => [...undrained].some((process) => typeof process === 'number'))
  }

  get #isJoinedWithOthers(): boolean {
    return [...this.#fabrics.values()].some(isWithOthers)
  }

  #isAlive(process: number): boolean {
    return this.#worldOf(process)?.alive.has(process) === true
  }

  /** Gives a process its place in a fabric. */
  seat(number: number, process: number, more: SeatSetting): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined || this.#worldOf(process)?.alive.has(process) !== true) return
    const own = fabric.processes.indexOf(process)
    this.#expect(process)
    if (fabric.report === undefined) return fabric.sites[fabric.siteOf[own]!]!.tell({ type: 'seat', fabric: number, rank: own, more })
    const { site } = this.placesOf([...(fabric.processes as number[])]).ranks[own]!
    fabric.sites[site]!.tell({ type: 'seat', fabric: number, rank: fabric.first! + own, more })
  }

  /** There will be nobody to use it. */
  drop(number: number): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    this.#fabrics.delete(number)
    const isLeft = fabric.left === fabric.processes.length
    for (const { tell, isOthers } of fabric.sites) if (!isOthers) tell({ type: 'close', fabric: number, isLeft })
  }

  closed(process: number, number: number, hasLeft: boolean): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    fabric.isClosed = true
    if (hasLeft && fabric.users.has(process)) fabric.left++
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
    if (fabric.report !== undefined) {
      if (news.type === 'drained') fabric.undrained.delete(fabric.processes[news.rank - fabric.first!]!)
      return fabric.report({ ...news, fabric: fabric.there! })
    }
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

  close(): Promise<void> {
    return this.#local.close()
  }

  #expect(process: number): void {
    this.#told.set(process, (this.#told.get(process) ?? 0) + 1)
  }

  #linksOf({ number, sites, siteOf }: Fabric, here: number, token: string): FabricPlan['links'] {
    const { reconnectMs, startMs, certificate, addresses } = this.#links
    const isFar = sites.some(({ host }) => host?.isFar)
    const listen = sites[here]!.host === undefined && isFar ? { address: '0.0.0.0', reach: addresses() } : undefined
    const isEncrypted = certificate !== undefined
    const own = sites[here]!.isOthers ? undefined : certificate
    return { here, hosts: siteOf, token, name: `fabric-${number}`, listen, certificate: own, isEncrypted, reconnectMs, startMs }
  }

  /** All that a rank has sent has come: those in other processes may hear that it is no more. */
  #drained({ number, processes, sites, siteOf, undrained, report, first, there }: Fabric, rank: number, how: Gone): void {
    if (report !== undefined) {
      if (undrained.delete(processes[rank]!)) report({ type: 'drained', fabric: there!, rank: first! + rank, how })
      return
    }
    if (!undrained.delete(processes[rank]!)) return
    for (const [here, { tell }] of sites.entries()) if (here !== siteOf[rank]) tell({ type: 'gone', fabric: number, rank, how })
  }

  #leave(fabric: Fabric, process: number): void {
    fabric.users.delete(process)
    if (fabric.users.size === 0) this.drop(fabric.number)
  }
}

const isWithOthers = ({ report, sites }: Fabric): boolean => report !== undefined || sites.some(({ isOthers }) => isOthers)

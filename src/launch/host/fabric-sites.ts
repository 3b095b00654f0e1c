import type { MessagePort } from 'node:worker_threads'
import type { FromRank, ToRank } from '../../runtime/rank-protocol.js'
import { allocateHost, ENDED, FAILED, type HostMemory, isQuiet, markGone, trafficOf, weightOf } from '../../transport/shared/host-memory.js'
import type { MemoryRef } from '../../transport/shared/mapped-memory.js'
import type { Gone } from '../protocol/host.js'
import type { FabricPlan, FromSite, SeatSetting, ToSite } from '../protocol/site-protocol.js'
import type { FabricLinks } from './fabric-links.js'
import { FabricMemory } from './fabric-memory.js'

/** The ranks of this process, as it knows them. */
export interface SiteRanks {
  /** Where one sleeps. */
  bell(local: number): MemoryRef | undefined
  post(local: number, message: ToRank, transfer?: readonly MessagePort[]): void
  /** How other processes reach this one. */
  address(): string
  /** There are more threads than cores. */
  crowded(): boolean
}

interface Site {
  readonly plan: FabricPlan
  readonly memory: HostMemory
  /** It has been that of another. */
  readonly isReused: boolean
  readonly weight: ArrayBuffer | undefined
  /** Where it has ranks in other processes, from when that is loaded. */
  links: FabricLinks | undefined
  /** What is done by them, in order. */
  linked: Promise<void> | undefined
}

/** The fabrics that ranks of this process are in: the memory that they share there, and the links with other processes. */
export class FabricSites {
  readonly #ranks: SiteRanks
  readonly #tell: (news: FromSite) => void
  readonly #sites = new Map<number, Site>()
  readonly #memory = new FabricMemory()
  /** The traffic of those that are over. */
  #past = 0
  /** Links that are being ended. */
  readonly #closing = new Set<Promise<void>>()
  /** How ranks have ended here, for their fabrics. */
  readonly #ended = new Map<number, Gone>()

  constructor(ranks: SiteRanks, tell: (news: FromSite) => void) {
    this.#ranks = ranks
    this.#tell = tell
  }

  obey(message: ToSite): void {
    if (message.type === 'plan') return this.#make(message.plan)
    const site = this.#sites.get(message.fabric)
    if (site === undefined) return
    switch (message.type) {
      case 'addresses':
        return this.#link(site, (links) => links.connect(message.addresses))
      case 'seat':
        return this.#seat(site, message.rank, message.more)
      case 'gone':
        return this.#link(site, (links) => links.gone(message.rank, message.how))
      case 'close':
        this.#sites.delete(message.fabric)
        this.#past += trafficOf(site.memory)
        if (message.isLeft && site.plan.links === undefined) this.#memory.giveBack(site.memory)
        return this.#close(site)
    }
  }

  /** A rank of this process is no more. */
  ended(local: number, how: Gone): void {
    this.#ended.set(local, how)
    for (const { site, rank } of this.#of(local)) this.#end(site, rank, how)
  }

  /** A rank's end of a line for buffers that are moved: hands it on to another of this process. */
  line(local: number, { to, port, fabric }: Extract<FromRank, { type: 'line' }>): void {
    const site = this.#sites.get(fabric!)
    const from = site?.plan.ranks.find((each) => each.local === local)?.rank
    const dest = site?.plan.ranks.find(({ rank }) => rank === to)?.local
    if (from === undefined || dest === undefined) return
    this.#ranks.post(dest, { type: 'line', from, port, fabric }, [port as MessagePort])
  }

  /** What has crossed between processes in all fabrics; undefined while something is under way. */
  get rest(): { sent: number; received: number } | undefined {
    let [sent, received] = [0, 0]
    for (const { plan, memory, links } of this.#sites.values()) {
      if (!isQuiet(memory) || (plan.links !== undefined && links === undefined)) return undefined
      if (links === undefined) continue
      const { look } = links
      if (!look.settled) return undefined
      sent += look.sent
      received += look.received
    }
    return { sent, received }
  }

  /** A number that has changed when something was sent, though that was in a fabric that is over. */
  get traffic(): number {
    return [...this.#sites.values()].reduce((sum, { memory }) => sum + trafficOf(memory), this.#past)
  }

  /** Resolves when nothing is under way any more to other processes. */
  async close(): Promise<void> {
    for (const fabric of [...this.#sites.keys()]) this.obey({ type: 'close', fabric, isLeft: false })
    await Promise.all(this.#closing)
  }

  #close(site: Site): void {
    if (site.linked === undefined) return
    const closing = site.linked.then(() => site.links?.close()).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #make(plan: FabricPlan): void {
    const { fabric, processes, ranks, gone, links } = plan
    const others = links && { host: links.here, hosts: links.hosts }
    const size = processes.length
    const { memory: taken, isReused } =
      others === undefined ? this.#memory.take(size) : { memory: allocateHost(size, others), isReused: false }
    const bells = [...taken.inboxes]
    for (const { rank, local } of ranks) bells[rank] = this.#ranks.bell(local) ?? bells[rank]!
    const memory: HostMemory = { ...taken, bells, logs: [] }
    const weight = isReused ? undefined : weightOf(size)
    const site: Site = { plan, memory, isReused, weight, links: undefined, linked: undefined }
    this.#sites.set(fabric, site)
    for (const rank of gone) markGone(memory, rank, FAILED)
    if (links !== undefined) {
      const drained = (rank: number): void => {
        const { local } = ranks.find((each) => each.rank === rank)!
        this.#tell({ type: 'drained', fabric, rank, how: this.#ended.get(local) ?? 'ended' })
      }
      // Loaded only where there are several processes.
      site.linked = import('./fabric-links.js').then(async ({ FabricLinks }) => {
        site.links = new FabricLinks(links, processes.length, memory, this.#ranks.crowded(), drained)
        const addresses = await site.links.listen(this.#ranks.address())
        this.#tell({ type: 'listening', fabric, here: links.here, addresses })
      })
    }
    for (const { rank, local } of ranks) {
      const how = this.#ended.get(local)
      if (how !== undefined) this.#end(site, rank, how)
    }
  }

  #end(site: Site, rank: number, how: Gone): void {
    markGone(site.memory, rank, how === 'ended' ? ENDED : FAILED, how === 'ended' ? 0 : how)
    this.#link(site, (links) => links.ended(rank))
  }

  #seat({ plan, memory, isReused }: Site, rank: number, more: SeatSetting): void {
    const { fabric, first, processes, ranks } = plan
    const { local } = ranks.find((each) => each.rank === rank)!
    this.#ranks.post(local, { type: 'joined', seat: { fabric, memory, isReused, rank, first, processes, ...more } })
  }

  #link(site: Site, act: (links: FabricLinks) => void): void {
    site.linked = site.linked?.then(() => act(site.links!))
  }

  *#of(local: number): Generator<{ site: Site; rank: number }> {
    for (const site of this.#sites.values()) {
      const found = site.plan.ranks.find((each) => each.local === local)
      if (found !== undefined) yield { site, rank: found.rank }
    }
  }
}

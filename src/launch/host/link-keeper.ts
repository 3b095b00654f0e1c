import type { LinkNews, LinkOrder } from '../../runtime/rank-protocol.js'
import type { RouterState } from '../../transport/router/base-router.js'
import { Router } from '../../transport/router/router.js'
import { type HostMemory, hasRoutes, isRouted, markGone } from '../../transport/shared/host-memory.js'
import type { Address } from '../../transport/websocket/dial.js'
import { Mesh, type MeshOptions } from '../../transport/websocket/mesh.js'
import { LAUNCHER } from '../protocol/host-protocol.js'

type Look = { settled: boolean; sent: number; received: number }

export interface LinkKeeperOptions {
  memory: HostMemory
  crowded: boolean
  /** This thread's links with the launcher and with the other hosts: over the latter nothing goes but signs of life. */
  pulse: Mesh
  links: Omit<MeshOptions, 'watched' | 'dormant'>
  post: (order: LinkOrder) => void
  /** A link is wanted. */
  wanted: (host: number) => void
  drained: (rank: number) => void
}

/**
 * The main thread's part in the links of a rank that has them in its own thread: it tells the other hosts that this one lives, which a
 * rank that computes cannot, and the rank when another does not; and it goes on with the links when the rank cannot any more.
 */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions
  /** Listens from the start: others try both addresses of a host. */
  readonly #mesh: Mesh
  readonly #dials = new Map<number, readonly Address[]>()
  readonly #gone: Extract<LinkOrder, { what: 'gone' }>[] = []
  readonly #looks = new Map<number, (look: Look) => void>()
  /** Orders for a rank that cannot take any yet: another may have ended before this one has begun. */
  #early: LinkOrder[] | undefined = []
  #nextLook = 0
  #listening!: (port: number) => void
  #router: Router | undefined
  #left: Look | undefined

  constructor(options: LinkKeeperOptions) {
    this.#options = options
    this.#mesh = new Mesh({ ...options.links, watched: true, dormant: true })
    this.#mesh.onWanted = (host) => {
      const addresses = this.#dials.get(host)
      if (addresses === undefined) options.wanted(host)
      else this.#mesh.link(host).connectTo(addresses)
    }
    // It has lost its connection with the rank, which may not have seen that, and then does not listen.
    this.#mesh.onTurnedAway = (host, epoch) => this.#order({ what: 'cut', host, before: epoch })
    options.pulse.onLink = (peer) => {
      if (peer.other === LAUNCHER) return
      peer.user = {
        payload: () => undefined,
        ready: () => undefined,
        broken: () => this.#order({ what: 'cut', host: peer.other }),
        failed: (reason) => this.#order({ what: 'fail', host: peer.other, reason })
      }
    }
  }

  /** Resolves to the ports of the rank and of this thread. */
  async listen(...where: Parameters<Mesh['listen']>): Promise<[number, number]> {
    const inner = new Promise<number>((resolve) => {
      this.#listening = resolve
    })
    return Promise.all([inner, this.#mesh.listen(...where)])
  }

  dial(host: number, addresses: readonly Address[]): void {
    this.#dials.set(host, addresses)
    this.#order({ what: 'dial', host, addresses })
  }

  gone(order: Omit<Extract<LinkOrder, { what: 'gone' }>, 'what'>): void {
    // What it has written is there already, and its rank hears of it though it may give its event loop no turn.
    if (!isRouted(this.#options.memory, order.rank)) return markGone(this.#options.memory, order.rank, order.state, order.reason)
    const whole = { what: 'gone', ...order } as const
    this.#gone.push(whole)
    this.#order(whole)
  }

  /** The rank has ended, and has said before whether something of it is still under way. */
  ended(rank: number): void {
    if (this.#router !== undefined) return this.#router.ended(rank)
    this.#left ??= { settled: true, sent: 0, received: 0 }
    for (const resolve of this.#looks.values()) resolve(this.#left)
    this.#options.drained(rank)
  }

  look(): Look | Promise<Look> {
    if (this.#router !== undefined) return { settled: this.#router.atRest, ...this.#router.counts }
    if (this.#left !== undefined) return this.#left
    // All that is under way is in memory that this host sees.
    if (!hasRoutes(this.#options.memory)) return { settled: true, sent: 0, received: 0 }
    const id = this.#nextLook++
    return new Promise((resolve) => {
      this.#looks.set(id, resolve)
      this.#order({ what: 'look', id })
    })
  }

  close(): void {
    this.#router?.close()
    this.#mesh.close()
  }

  onNews(news: LinkNews): void {
    switch (news.what) {
      case 'listening':
        for (const order of this.#early ?? []) this.#options.post(order)
        this.#early = undefined
        this.#listening(news.port)
        break
      case 'wanted':
        this.#options.wanted(news.host)
        break
      case 'unreachable':
        this.#unreachable(news.host, news.reason)
        break
      case 'looked':
        this.#looks.get(news.id)?.(news)
        this.#looks.delete(news.id)
        break
      case 'left':
        this.#left = { settled: true, ...news }
        break
      case 'moved':
        this.#takeOver(news.state)
        break
    }
  }

  #takeOver(state: RouterState): void {
    const { memory, crowded, drained } = this.#options
    const router = new Router(memory, this.#mesh, crowded)
    router.onDrained = drained
    router.onUnreachable = (host, reason) => this.#unreachable(host, reason)
    this.#router = router
    router.restore(state)
    this.#mesh.wake()
    const early = this.#early ?? []
    this.#early = undefined
    for (const order of [...early.filter(({ what }) => what !== 'gone'), ...this.#gone]) this.#order(order)
    for (const resolve of this.#looks.values()) resolve({ settled: false, sent: 0, received: 0 })
    this.#looks.clear()
  }

  /** Nothing can be exchanged with it: the other end must know, too. */
  #unreachable(host: number, reason: string): void {
    this.#options.pulse.link(host).fail(reason)
  }

  #order(order: LinkOrder): void {
    if (this.#early !== undefined) return void this.#early.push(order)
    if (this.#router === undefined) return this.#options.post(order)
    if (order.what === 'gone') this.#router.gone(order.rank, order.state, order.reason)
    else if (order.what === 'dial') this.#mesh.link(order.host).connectTo(order.addresses)
    else if (order.what === 'cut') this.#mesh.link(order.host).cut(order.before)
    else if (order.what === 'fail') this.#mesh.link(order.host).fail(order.reason)
  }
}

import type { MessagePort } from 'node:worker_threads'
import type { FromRank, LinkNews, LinkOrder, LinkSetup, ToRank } from '../../runtime/rank-protocol.js'
import { InlineRouter } from '../../transport/router/inline-router.js'
import { type HostMemory, hasRoutes } from '../../transport/shared/host-memory.js'
import type { SharedTransport } from '../../transport/shared/shared-transport.js'
import { Token } from '../../transport/websocket/challenge.js'
import { Mesh } from '../../transport/websocket/mesh.js'

export interface RankLinkOptions {
  setup: LinkSetup
  memory: HostMemory
  transport: SharedTransport
  port: MessagePort
}

/** The links of a rank that is alone in its process, in its own thread. The main thread watches over them: `link-keeper.ts`. */
export class RankLink {
  readonly #mesh: Mesh
  readonly #router: InlineRouter
  readonly #port: MessagePort
  /** Whether there are ranks that it leads to: with others this one shares memory. */
  readonly #leads: boolean
  #moved = false
  #hold: NodeJS.Timeout | undefined

  constructor({ setup, memory, transport, port }: RankLinkOptions) {
    const { host, size, token, job, instance, reconnectMs, address, certificate } = setup
    this.#port = port
    this.#mesh = new Mesh({
      self: host,
      size,
      token: new Token(Buffer.from(token, 'base64url'), job),
      reconnectMs,
      instance,
      watched: true,
      expects: (other) => other > host,
      // Each host has one rank.
      diallers: Array.from({ length: size - 1 - host }, (_, k) => host + 1 + k)
    })
    this.#mesh.onWanted = (other) => this.#tell({ what: 'wanted', host: other })
    this.#router = new InlineRouter(memory, this.#mesh, {
      arrived: () => transport.poller.poke(),
      left: () => {
        transport.router = undefined
      }
    })
    this.#router.onUnreachable = (other, reason) => this.#tell({ what: 'unreachable', host: other, reason })
    this.#router.onMove = (state) => {
      this.#moved = true
      this.#letGo()
      this.#tell({ what: 'moved', state })
    }
    this.#router.onSettled = () => this.#letGo()
    this.#leads = hasRoutes(memory)
    if (this.#leads) transport.router = this.#router
    port.on('message', (message: ToRank) => {
      if (message.type === 'link' && !this.#moved) this.#obey(message.order)
    })
    void this.#mesh.listen(address, 0, certificate).then((number) => this.#tell({ what: 'listening', port: number }))
    // What was sent still goes out.
    process.on('beforeExit', () => {
      if (!this.#moved && !this.#router.settled) this.#hold ??= setInterval(() => undefined, 2 ** 30)
    })
    process.on('exit', () => {
      if (this.#moved) return
      if (this.#router.settled) this.#tell({ what: 'left', ...this.#router.counts })
      else this.move()
    })
  }

  /** The main thread is to see to the rest. */
  move(): void {
    if (this.#leads) this.#router.move()
  }

  #obey(order: LinkOrder): void {
    switch (order.what) {
      case 'dial':
        this.#mesh.link(order.host).connectTo(order.addresses)
        break
      case 'cut':
        this.#mesh.link(order.host).cut(order.before)
        break
      case 'fail':
        this.#mesh.link(order.host).fail(order.reason)
        break
      case 'gone':
        this.#router.gone(order.rank, order.state, order.reason)
        break
      case 'look':
        this.#tell({ what: 'looked', id: order.id, settled: this.#router.atRest, ...this.#router.counts })
        break
    }
  }

  #letGo(): void {
    clearInterval(this.#hold)
    this.#hold = undefined
  }

  #tell(news: LinkNews): void {
    this.#port.postMessage({ type: 'link', news } satisfies FromRank)
  }
}

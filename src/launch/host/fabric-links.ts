import { Router } from '../../transport/router/router.js'
import type { HostMemory } from '../../transport/shared/host-memory.js'
import { ENDED, FAILED } from '../../transport/shared/host-memory.js'
import { fingerprintOf } from '../../transport/websocket/certificate.js'
import { Token } from '../../transport/websocket/challenge.js'
import type { Address } from '../../transport/websocket/dial.js'
import { Mesh } from '../../transport/websocket/mesh.js'
import type { Gone } from '../protocol/host.js'
import type { FabricLinksPlan } from '../protocol/site-protocol.js'

/** How long that may take. */
const SETTLE_MS = 1500

/**
 * What joins the ranks of a fabric here to those in other processes: links, a token and a router of its own, as those of a job. Who is let
 * in by that token gets to the ranks of this fabric and to nothing else.
 */
export class FabricLinks {
  readonly #plan: FabricLinksPlan
  readonly #mesh: Mesh
  readonly #router: Router

  constructor(plan: FabricLinksPlan, size: number, memory: HostMemory, crowded: boolean, drained: (rank: number) => void) {
    const { here, token, name, reconnectMs, startMs } = plan
    this.#plan = plan
    this.#mesh = new Mesh({
      self: here,
      size,
      token: new Token(Buffer.from(token, 'base64url'), name),
      reconnectMs,
      startMs,
      expects: (other) => other > here
    })
    this.#router = new Router(memory, this.#mesh, crowded)
    this.#router.onDrained = drained
  }

  /** Resolves to where others reach it. */
  async listen(own: string): Promise<Address[]> {
    const { listen: { address, reach } = { address: own, reach: [own] }, certificate } = this.#plan
    const port = await this.#mesh.listen(address, 0, certificate)
    const tls = certificate && fingerprintOf(certificate.cert)
    return reach.map((host) => ({ host, port, tls }))
  }

  /** Dials those with smaller numbers. */
  connect(addresses: readonly (readonly Address[])[]): void {
    for (const [other, list] of addresses.entries()) if (other < this.#plan.here) this.#mesh.link(other).connectTo(list)
  }

  /** A rank here has ended. */
  ended(rank: number): void {
    this.#router.ended(rank)
  }

  gone(rank: number, how: Gone): void {
    this.#router.gone(rank, how === 'ended' ? ENDED : FAILED, how === 'ended' ? 0 : how)
  }

  get look(): { settled: boolean; sent: number; received: number } {
    return { settled: this.#router.atRest, ...this.#router.counts }
  }

  /** Ends it once what ranks here have sent has come, or nobody is there to whom it could. */
  async close(): Promise<void> {
    const start = performance.now()
    while (!this.#router.settled && performance.now() - start < SETTLE_MS) await new Promise((resolve) => setTimeout(resolve, 5))
    this.#router.close()
    this.#mesh.close()
  }
}

import { ENDED, FAILED, type HostMemory, isRouted, KILLED, markGone, STATE_BITS, stateWord, UNREACHABLE } from '../shared/host-memory.js'
import { Inbox } from '../shared/ring.js'
import type { Mesh } from '../websocket/mesh.js'
import { type Attend, HostRoute, type HostRouteState } from './host-route.js'
import { InboundLane } from './inbound-lane.js'
import { OutboundLane } from './outbound-lane.js'

/** How long segments of a rank that has failed may still wait for the ranks they are for. */
const FAILED_MS = 1000

export type GoneState = typeof ENDED | typeof FAILED

/** All that another thread needs to go on with a router's work, by host. */
export type RouterState = ReadonlyMap<number, HostRouteState>

/**
 * Joins the ranks of this host to those of the others: it stands in for each rank of another host, reads what ranks of this host write to
 * it, and sends that over the link with its host; what comes from there it writes as that rank would. So a rank knows nothing of it: it
 * sees rings to and from every rank of the world.
 *
 * Between each two ranks there is credit of its own, so that a rank that does not read holds up nobody else on the same link. When it looks
 * is decided by whoever extends this.
 */
export abstract class BaseRouter {
  /** Told once all that a rank of this host had sent has come, after it has ended. */
  onDrained: (rank: number) => void = () => undefined
  /** Told when the link with another host cannot go on. */
  onUnreachable: (host: number, reason: string) => void = () => undefined
  readonly #memory: HostMemory
  readonly #hosts: readonly number[]
  readonly #states: Int32Array
  readonly #routes = new Map<number, HostRoute>()
  readonly #draining = new Set<number>()
  readonly #leaving = new Map<number, { state: GoneState; reason: number; since: number }>()

  constructor(memory: HostMemory, mesh: Mesh) {
    const { host, hosts } = memory.others!
    this.#memory = memory
    this.#hosts = hosts
    this.#states = new Int32Array(memory.states)
    const inboxes = memory.inboxes.map((inbox, rank) => new Inbox(inbox, memory.bells?.[rank]))
    const ranksOf = (which: number): number[] => [...hosts.keys()].filter((rank) => hosts[rank] === which)
    const here = ranksOf(host)
    const routed = [...hosts.keys()].filter((rank) => isRouted(memory, rank))
    mesh.onLink = (link) => {
      this.#routes.get(link.other)?.use(link)
    }
    for (const other of new Set(routed.map((rank) => hosts[rank]!))) {
      const there = ranksOf(other)
      this.#routes.set(
        other,
        new HostRoute({
          size: hosts.length,
          out: here.flatMap((source) => there.map((dest) => new OutboundLane(inboxes, source, dest))),
          in: here.flatMap((dest) => there.map((source) => new InboundLane(inboxes, source, dest))),
          link: () => mesh.link(other),
          kick: () => this.kick(),
          failed: (reason) => this.#unreachable(other, reason)
        })
      )
    }
  }

  /** Who answers for ranks of this host what comes for them. */
  set attend(attend: Attend) {
    for (const route of this.#routes.values()) route.attend = attend
  }

  /** Sends a segment to a rank of another host as if one of this had. */
  answer(source: number, dest: number, segment: Uint8Array): void {
    this.#routes.get(this.#hosts[dest]!)!.answer(source, dest, segment)
    this.kick()
  }

  /** There may be something to do. */
  abstract kick(): void

  /** A rank of this host has ended; what it has sent still goes out. */
  ended(rank: number): void {
    for (const route of this.#routes.values()) route.endedHere(rank)
    this.#draining.add(rank)
    this.kick()
  }

  /** A rank of another host has gone, and all that it had sent has come to this host. */
  gone(rank: number, state: GoneState, reason = 0): void {
    const host = this.#hosts[rank]!
    this.#routes.get(host)?.endedThere(rank)
    this.#leaving.set(rank, { state, reason, since: performance.now() })
    // Nobody is left there to acknowledge anything.
    if (reason === KILLED) this.#routes.get(host)?.abandon()
    else if (this.#hosts.every((other, k) => other !== host || k === rank)) this.#routes.get(host)?.retire()
    this.kick()
  }

  /** Whether nothing is under way from or to this host's ranks, as far as this host can see. */
  get settled(): boolean {
    for (const route of this.#routes.values()) if (!route.settled) return false
    return true
  }

  /** Whether, beyond that, no rank here has still to hear that another is no more. */
  get atRest(): boolean {
    return this.settled && this.#leaving.size === 0
  }

  /**
   * How many segments have gone out and come in so far: what has gone out of all hosts has come in when nothing is under way. What was
   * exchanged with a host that is no more does not count: nobody can say how much of it has come.
   */
  get counts(): { sent: number; received: number } {
    let [sent, received] = [0, 0]
    for (const route of this.#routes.values()) {
      if (route.isLost) continue
      sent += route.sent
      received += route.received
    }
    return { sent, received }
  }

  /** What another thread needs to go on; nothing may be done here any more. */
  get state(): RouterState {
    return new Map([...this.#routes].map(([other, route]) => [other, route.state]))
  }

  /** Goes on where another thread has left off. */
  restore(states: RouterState): void {
    for (const [other, state] of states) this.#routes.get(other)!.restore(state)
    this.kick()
  }

  /** Moves what can be moved; true when that was anything. */
  poll(): boolean {
    let any = false
    for (const route of this.#routes.values()) if (route.poll()) any = true
    if (this.#draining.size > 0) this.#reportDrained()
    if (this.#leaving.size > 0) this.#reportGone()
    return any
  }

  #reportDrained(): void {
    for (const rank of this.#draining) {
      let drained = true
      for (const route of this.#routes.values()) if (!route.drained(rank)) drained = false
      if (!drained) continue
      this.#draining.delete(rank)
      this.onDrained(rank)
    }
  }

  #reportGone(): void {
    for (const [rank, { state, reason, since }] of this.#leaving) {
      // None leads to a rank whose memory this host shares: what it has written is there.
      const route = this.#routes.get(this.#hosts[rank]!)
      const late = state !== ENDED && performance.now() - since > FAILED_MS
      if (route?.waitsFrom(rank) && !late) continue
      route?.forget(rank)
      this.#leaving.delete(rank)
      markGone(this.#memory, rank, state, reason)
    }
  }

  #unreachable(host: number, reason: string): void {
    this.onUnreachable(host, reason)
    for (const [rank, itsHost] of this.#hosts.entries()) {
      if (itsHost === host && (this.#states[stateWord(rank)]! & STATE_BITS) < ENDED) this.gone(rank, FAILED, UNREACHABLE)
    }
  }
}

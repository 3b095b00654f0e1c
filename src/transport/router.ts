import { LaneIn } from './lane-in.js'
import { LaneOut } from './lane-out.js'
import { ASLEEP, ENDED, FAILED, type HostMemory, KILLED, markGone, STATE_BITS, stateWord, UNREACHABLE } from './shared/host-memory.js'
import { Inbox } from './shared/ring.js'
import { Way } from './way.js'
import type { Mesh } from './websocket/mesh.js'

/** A quiet while after which the router sleeps. Where there are more threads than cores it would take the core from the very rank it waits for. */
const QUIET_MS = 1
const CROWDED_QUIET_MS = 0
/** How long segments of a rank that has failed may still wait for the ranks they are for. */
const FAILED_MS = 1000

export type GoneState = typeof ENDED | typeof FAILED

/**
 * Joins the ranks of this host to those of the others: it stands in for each rank of another host, reads what ranks of this host write to
 * it, and sends that over the link with its host; what comes from there it writes as that rank would. So a rank knows nothing of it: it sees rings to
 * and from every rank of the world.
 *
 * Between each two ranks there is credit of its own, so that a rank that does not read holds up nobody else on the same link.
 */
export class Router {
  /** Told once all that a rank of this host had sent has come, after it has ended. */
  onDrained: (rank: number) => void = () => undefined
  readonly #memory: HostMemory
  readonly #hosts: readonly number[]
  readonly #states: Int32Array
  readonly #bell: Int32Array
  readonly #ways = new Map<number, Way>()
  readonly #draining = new Set<number>()
  readonly #leaving = new Map<number, { state: GoneState; reason: number; since: number }>()
  readonly #quietMs: number
  #running = false
  #asleep = false
  #waiting = false
  #closed = false
  #quietSince = 0

  constructor(memory: HostMemory, mesh: Mesh, crowded: boolean) {
    this.#quietMs = crowded ? CROWDED_QUIET_MS : QUIET_MS
    const { host, hosts, bell } = memory.others!
    this.#memory = memory
    this.#hosts = hosts
    this.#states = new Int32Array(memory.states)
    this.#bell = new Int32Array(bell)
    const inboxes = memory.inboxes.map((inbox) => new Inbox(inbox))
    const ranksOf = (which: number): number[] => [...hosts.keys()].filter((rank) => hosts[rank] === which)
    const here = ranksOf(host)
    mesh.onPeer = (peer) => {
      const way = this.#ways.get(peer.other)
      if (way !== undefined) peer.user = way
    }
    for (const other of new Set(hosts)) {
      if (other === host) continue
      const there = ranksOf(other)
      this.#ways.set(
        other,
        new Way({
          size: hosts.length,
          out: here.flatMap((source) => there.map((dest) => new LaneOut(inboxes, source, dest))),
          in: here.flatMap((dest) => there.map((source) => new LaneIn(inboxes, source, dest))),
          peer: () => mesh.peer(other),
          kick: () => this.kick(),
          failed: () => this.#unreachable(other)
        })
      )
    }
    this.kick()
  }

  /** A rank of this host has ended; what it has sent still goes out. */
  ended(rank: number): void {
    for (const way of this.#ways.values()) way.endedHere(rank)
    this.#draining.add(rank)
    this.kick()
  }

  /** A rank of another host has gone, and all that it had sent has come to this host. */
  gone(rank: number, state: GoneState, reason = 0): void {
    const host = this.#hosts[rank]!
    this.#ways.get(host)?.endedThere(rank)
    this.#leaving.set(rank, { state, reason, since: performance.now() })
    // Nobody is left there to acknowledge anything.
    if (reason === KILLED) this.#ways.get(host)?.abandon()
    this.kick()
  }

  /** Whether nothing is under way from or to this host's ranks, as far as this host can see. */
  get settled(): boolean {
    for (const way of this.#ways.values()) if (!way.settled) return false
    return true
  }

  /** How many segments have gone out and come in so far: what has gone out of all hosts has come in when nothing is under way. */
  get counts(): { sent: number; received: number } {
    let [sent, received] = [0, 0]
    for (const way of this.#ways.values()) {
      sent += way.sent
      received += way.received
    }
    return { sent, received }
  }

  /** There may be something to do. */
  kick(): void {
    if (this.#running || this.#closed) return
    this.#running = true
    this.#asleep = false
    Atomics.store(this.#bell, ASLEEP, 0)
    this.#quietSince = performance.now()
    setImmediate(this.#turn)
  }

  close(): void {
    this.#closed = true
    Atomics.store(this.#bell, ASLEEP, 0)
    Atomics.notify(this.#bell, ASLEEP)
  }

  #poll(): boolean {
    let any = false
    for (const way of this.#ways.values()) if (way.poll()) any = true
    if (this.#draining.size > 0) this.#reportDrained()
    if (this.#leaving.size > 0) this.#reportGone()
    return any
  }

  readonly #turn = (): void => {
    if (this.#closed) return
    if (this.#poll()) this.#quietSince = performance.now()
    else if (performance.now() - this.#quietSince > this.#quietMs) return this.#sleep()
    setImmediate(this.#turn)
  }

  #sleep(): void {
    Atomics.store(this.#bell, ASLEEP, 1)
    this.#running = false
    this.#asleep = true
    if (this.#poll()) return this.kick()
    if (this.#waiting) return
    const waiting = Atomics.waitAsync(this.#bell, ASLEEP, 1)
    if (!waiting.async) return this.kick()
    this.#waiting = true
    void waiting.value.then(() => {
      this.#waiting = false
      if (this.#asleep) this.kick()
    })
  }

  #reportDrained(): void {
    for (const rank of this.#draining) {
      let drained = true
      for (const way of this.#ways.values()) if (!way.drained(rank)) drained = false
      if (!drained) continue
      this.#draining.delete(rank)
      this.onDrained(rank)
    }
  }

  #reportGone(): void {
    for (const [rank, { state, reason, since }] of this.#leaving) {
      const way = this.#ways.get(this.#hosts[rank]!)!
      const late = state !== ENDED && performance.now() - since > FAILED_MS
      if (way.waitsFrom(rank) && !late) continue
      way.forget(rank)
      this.#leaving.delete(rank)
      markGone(this.#memory, rank, state, reason)
    }
  }

  #unreachable(host: number): void {
    for (const [rank, itsHost] of this.#hosts.entries()) {
      if (itsHost === host && (this.#states[stateWord(rank)]! & STATE_BITS) < ENDED) this.gone(rank, FAILED, UNREACHABLE)
    }
  }
}

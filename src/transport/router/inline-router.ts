import type { HostMemory } from '../shared/host-memory.js'
import type { Mesh } from '../websocket/mesh.js'
import { BaseRouter, type RouterState } from './base-router.js'

/** What the router of a single rank needs of its rank's transport. */
export interface RankThread {
  /** Something has come. */
  arrived(): void
  /** The router has moved out: from now on it is in another thread, and has to be woken. */
  left(): void
}

/** So many segments in a row are sent one by one: what follows may compute for long. Those of a longer burst are gathered into frames. */
const BURST = 16
const BURST_MS = 1
const LONG_BYTES = 2 ** 14
/** What was gathered is sent when so many turns of the microtasks have brought nothing more, or so much time is over. */
const QUIET_HOPS = 4
const GATHER_MS = 0.02
/**
 * Vain polls without a turn of the event loop, and for how long, after which the router moves out: nothing can come while the thread polls.
 */
const VAIN_POLLS = 1000
const VAIN_MS = 20

const settled = Promise.resolve()

/**
 * The router of a process with a single rank, in the rank's own thread: what it publishes goes to the socket, and what comes from there to
 * it, without another thread between. What it costs is that nothing moves while the rank computes.
 *
 * A rank that polls in a loop, or calls `process.exit` with something still under way, gives the event loop no turn, and without one no
 * socket is read. Then the router moves out: the main thread goes on where it has left off, which for the other ends of its links looks as
 * if the connections had been cut.
 */
export class InlineRouter extends BaseRouter {
  /** Called with what another thread needs to go on. */
  onMove: (state: RouterState) => void = () => undefined
  onSettled: () => void = () => undefined
  readonly #mesh: Mesh
  readonly #rank: RankThread
  #moved = false
  #kicked = false
  #burst = 0
  #burstSince = 0
  #gathering = false
  #quietHops = 0
  #gatheringSince = 0
  #vain = 0
  #vainSince = 0
  #turnAwaited = false

  constructor(memory: HostMemory, mesh: Mesh, rank: RankThread) {
    super(memory, mesh)
    this.#mesh = mesh
    this.#rank = rank
  }

  /** A rank's own turn follows at once on what has come; user code must not run within the link's. */
  override kick(): void {
    if (this.#kicked || this.#moved) return
    this.#kicked = true
    void settled.then(this.#turn)
  }

  readonly #turn = (): void => {
    this.#kicked = false
    if (this.#moved) return
    this.poll()
    this.#rank.arrived()
    if (this.settled) this.onSettled()
  }

  /** The rank has published a segment for another host. */
  published(bytes: number): void {
    const now = performance.now()
    if (now - this.#burstSince > BURST_MS) {
      this.#burst = 0
      this.#burstSince = now
    }
    if (bytes >= LONG_BYTES || ++this.#burst <= BURST || (this.#gathering && now - this.#gatheringSince > GATHER_MS)) {
      this.#gatheringSince = now
      this.poll()
      return
    }
    this.#quietHops = 0
    if (this.#gathering) return
    this.#gathering = true
    this.#gatheringSince = now
    void settled.then(this.#gather)
  }

  readonly #gather = (): void => {
    if (++this.#quietHops < QUIET_HOPS) {
      void settled.then(this.#gather)
      return
    }
    this.#gathering = false
    if (!this.#moved) this.poll()
  }

  /** The rank polls; `any`: and has found something. */
  polled(any: boolean): void {
    if (any) {
      this.#vain = 0
      return
    }
    if (++this.#vain < VAIN_POLLS) return
    if (!this.#turnAwaited) {
      this.#turnAwaited = true
      this.#vainSince = performance.now()
      setImmediate(() => {
        this.#turnAwaited = false
        this.#vain = 0
      }).unref()
    } else if (this.#vain % VAIN_POLLS === 0 && performance.now() - this.#vainSince > VAIN_MS) this.move()
  }

  /** The main thread is to go on. */
  move(): void {
    if (this.#moved) return
    this.poll()
    this.#moved = true
    const { state } = this
    this.#mesh.close()
    this.onMove(state)
    this.#rank.left()
  }
}

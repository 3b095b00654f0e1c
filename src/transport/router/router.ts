import { ASLEEP } from '../shared/bell.js'
import type { HostMemory } from '../shared/host-memory.js'
import type { Mesh } from '../websocket/mesh.js'
import { BaseRouter } from './base-router.js'

/**
 * A quiet while after which the router sleeps. Where there are more threads than cores it would take the core from the very rank it waits
 * for.
 */
const QUIET_MS = 1
const CROWDED_QUIET_MS = 0

/** A router with a thread of its own: the main thread of its host. Bytes move while the ranks compute. */
export class Router extends BaseRouter {
  readonly #bell: Int32Array
  readonly #quietMs: number
  #running = false
  #asleep = false
  #waiting = false
  #closed = false
  #quietSince = 0

  constructor(memory: HostMemory, mesh: Mesh, crowded: boolean) {
    super(memory, mesh)
    this.#quietMs = crowded ? CROWDED_QUIET_MS : QUIET_MS
    this.#bell = new Int32Array(memory.others!.bell)
    this.kick()
  }

  override kick(): void {
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

  readonly #turn = (): void => {
    if (this.#closed) return
    if (this.poll()) this.#quietSince = performance.now()
    else if (performance.now() - this.#quietSince > this.#quietMs) return this.#sleep()
    setImmediate(this.#turn)
  }

  #sleep(): void {
    Atomics.store(this.#bell, ASLEEP, 1)
    this.#running = false
    this.#asleep = true
    if (this.poll()) return this.kick()
    if (this.#waiting) return
    const waiting = Atomics.waitAsync(this.#bell, ASLEEP, 1)
    if (!waiting.async) return this.kick()
    this.#waiting = true
    void waiting.value.then(() => {
      this.#waiting = false
      if (this.#asleep) this.kick()
    })
  }
}

import { weightOf } from './host-memory.js'
import { SharedTransport } from './shared-transport.js'

/** Joins threads of several worlds, beside the transport of this thread's own world, and may be left. */
export class FabricTransport extends SharedTransport {
  protected readonly weight = weightOf(this.size)
  #held = 0
  #watched = 0
  #left = false
  #mayLeave: (() => boolean) | undefined

  override hold(): void {
    if (this.#left) return
    this.#held++
    super.hold()
  }

  override release(): void {
    if (this.#left) return
    this.#held--
    super.release()
  }

  override watch(): void {
    if (this.#left) return
    this.#watched++
    super.watch()
  }

  override unwatch(): void {
    if (this.#left) return
    this.#watched--
    super.unwatch()
  }

  override poll(): boolean {
    const any = super.poll()
    if (this.#mayLeave?.()) this.#leave()
    return any
  }

  /** Nothing comes by it any more that anybody waits for; what is to go out still does, and then `mayLeave`. */
  leave(mayLeave: () => boolean): void {
    if (mayLeave()) this.#leave()
    else this.#mayLeave = mayLeave
  }

  #leave(): void {
    this.#mayLeave = undefined
    while (this.#held > 0) this.release()
    while (this.#watched > 0) this.unwatch()
    this.#left = true
    this.poller.leave(this)
  }
}

import type { Slot } from '../transport.js'
import type { BufferHandoff } from './buffer-handoff.js'
import { type HostMemory, weightOf } from './host-memory.js'
import type { Poller } from './poller.js'
import { SharedTransport } from './shared-transport.js'

/** Joins threads of several worlds, beside the transport of this thread's own world, and may be left. */
export class FabricTransport extends SharedTransport {
  protected readonly weight: ArrayBuffer | undefined
  #held = 0
  #watched = 0
  #left = false
  #mayLeave: (() => boolean) | undefined
  /** Polls that are under way: who delivers may poll. */
  #polls = 0
  #afterPolls: (() => void)[] = []

  /** `weighs`: the memory is new. */
  constructor(rank: number, size: number, memory: HostMemory, poller: Poller, handoff: BufferHandoff, weighs: boolean) {
    super(rank, size, memory, poller, handoff)
    this.weight = weighs ? weightOf(size) : undefined
  }

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

  /** What it has left may be the memory of others by now. */
  override reserve(dest: number, bytes: number): Slot | undefined {
    return this.#left ? undefined : super.reserve(dest, bytes)
  }

  override poll(): boolean {
    if (this.#left) return false
    this.#polls++
    try {
      return super.poll()
    } finally {
      if (--this.#polls === 0) this.#polled()
    }
  }

  /** Does it now, or as soon as no poll is under way: one that delivers goes on to look at the memory, which may then not be left. */
  betweenPolls(act: () => void): void {
    if (this.#polls === 0) act()
    else this.#afterPolls.push(act)
  }

  /**
   * Between polls: nothing comes by it any more that anybody waits for; what is to go out still does, and then `mayLeave`. True when it
   * does at once.
   */
  leave(mayLeave: () => boolean): boolean {
    if (mayLeave()) this.#leave()
    else this.#mayLeave = mayLeave
    return this.#left
  }

  #polled(): void {
    for (const act of this.#afterPolls.splice(0)) act()
    if (this.#mayLeave?.()) this.#leave()
  }

  #leave(): void {
    this.#mayLeave = undefined
    while (this.#held > 0) this.release()
    while (this.#watched > 0) this.unwatch()
    this.#left = true
    this.poller.leave(this)
  }
}

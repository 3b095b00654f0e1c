import { allocateHost, clearHost, type HostMemory } from '../../transport/shared/host-memory.js'

/** What is kept of it at most, by the ranks that it is for. */
const KEPT_RANKS = 64

/**
 * The memory of fabrics whose ranks are all in this process. Groups that meet and part again and again get the same: to allocate it takes a
 * millisecond, for it is large, and the collector, which does not count it, would have to be made to run.
 */
export class FabricMemory {
  readonly #kept: HostMemory[] = []
  #keptRanks = 0

  take(size: number): { memory: HostMemory; isReused: boolean } {
    const place = this.#kept.findIndex(({ inboxes }) => inboxes.length === size)
    if (place === -1) return { memory: allocateHost(size), isReused: false }
    const [memory] = this.#kept.splice(place, 1)
    this.#keptRanks -= size
    clearHost(memory!)
    return { memory: memory!, isReused: true }
  }

  /** All have left it: nobody will read or write it. */
  giveBack(memory: HostMemory): void {
    const size = memory.inboxes.length
    if (this.#keptRanks + size > KEPT_RANKS) return
    this.#kept.push(memory)
    this.#keptRanks += size
  }
}

/** Who wants a lock, or has it. */
export interface Claim {
  readonly rank: number
  /** Together with others that share it, and with nobody who does not. */
  readonly shared: boolean
  /** It is held from now on. `abandoned`: the rank that has failed while it held it, if the one before did. */
  grant(abandoned: number | undefined): void
}

/**
 * Who has a lock, and who waits for it: first come, first served. Claims that share it and wait one behind the other get it together; of a
 * semaphore, which has places, as many have it as there are places. Pure: it knows no messages, and its ranks are any numbers.
 */
export class LockQueue<C extends Claim> {
  readonly #waiting = new Set<C>()
  readonly #holding = new Set<C>()
  readonly #abandoned: number[] = []
  #places: number

  constructor(places = 1) {
    this.#places = places
  }

  get holders(): ReadonlySet<C> {
    return this.#holding
  }

  get waiters(): ReadonlySet<C> {
    return this.#waiting
  }

  /** Nobody has it or waits for it, and nobody has to be told of a rank that has failed. */
  get isIdle(): boolean {
    return this.#holding.size === 0 && this.#waiting.size === 0 && this.#abandoned.length === 0
  }

  /** Waits for it, which may be over at once. */
  add(claim: C): void {
    this.#waiting.add(claim)
    this.#next()
  }

  /** Takes it, or does not wait. */
  try(claim: C): boolean {
    if (this.#waiting.size > 0 || !this.#fits(claim)) return false
    this.add(claim)
    return true
  }

  /** Gives it back, or waits no longer; false when it did neither. */
  remove(claim: C): boolean {
    if (!this.#holding.delete(claim) && !this.#waiting.delete(claim)) return false
    this.#next()
    return true
  }

  /** A rank is no more: it wants nothing, and what it held is given back. */
  lose(rank: number): void {
    for (const claim of this.#waiting) if (claim.rank === rank) this.#waiting.delete(claim)
    for (const claim of this.#holding) {
      if (claim.rank !== rank) continue
      this.#holding.delete(claim)
      this.#abandoned.push(rank)
    }
    this.#next()
  }

  /**
   * A rank gives places back without saying which: those that it has had longest, then those of others. There may be more than are held:
   * then there are more from now on, unless it is `bounded`. False when nothing was done.
   */
  give(rank: number, places: number, bounded: boolean): boolean {
    if (bounded && places > this.#holding.size) return false
    const own = [...this.#holding].filter((claim) => claim.rank === rank)
    const others = [...this.#holding].filter((claim) => claim.rank !== rank)
    const given = [...own, ...others].slice(0, places)
    for (const claim of given) this.#holding.delete(claim)
    this.#places += places - given.length
    this.#next()
    return true
  }

  #fits({ shared }: C): boolean {
    const [first] = this.#holding
    if (first === undefined) return this.#places > 0
    return shared ? first.shared : !first.shared && this.#holding.size < this.#places
  }

  /**
   * Each rank that has failed is told of once, of a shared lock to all who get it together. Who is granted it may give it back within that.
   */
  #next(): void {
    const granted: C[] = []
    for (const claim of this.#waiting) {
      if (!this.#fits(claim)) break
      this.#waiting.delete(claim)
      this.#holding.add(claim)
      granted.push(claim)
    }
    if (granted.length === 0) return
    const abandoned = granted.map(({ shared }, k) => (shared && k > 0 ? undefined : this.#abandoned.shift()))
    // Of one place there is but one to be told of.
    if (this.#places === 1) this.#abandoned.length = 0
    for (const [k, claim] of granted.entries()) {
      if (this.#holding.has(claim)) claim.grant(claim.shared ? abandoned[0] : abandoned[k])
    }
  }
}

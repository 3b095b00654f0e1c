/** Who wants a lock, or has it. */
export interface Claim {
  readonly rank: number
  /** Together with others that share it, and with nobody who does not. */
  readonly shared: boolean
  /** It is held from now on. `abandoned`: the rank that has failed while it held it, if the one before did. */
  grant(abandoned: number | undefined): void
}

/**
 * Who has a lock, and who waits for it: first come, first served. Claims that share it and wait one behind the other get it together. Pure:
 * it knows no messages, and its ranks are any numbers.
 */
export class LockQueue<C extends Claim> {
  readonly #waiting = new Set<C>()
  readonly #holding = new Set<C>()
  #abandoned: number | undefined

  get holders(): ReadonlySet<C> {
    return this.#holding
  }

  get waiters(): ReadonlySet<C> {
    return this.#waiting
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
      this.#abandoned = rank
    }
    this.#next()
  }

  #fits({ shared }: C): boolean {
    if (this.#holding.size === 0) return true
    if (!shared) return false
    for (const holder of this.#holding) return holder.shared
    return true
  }

  /** All that is granted at once is told alike. Who is granted it may give it back within that call. */
  #next(): void {
    const granted: C[] = []
    for (const claim of this.#waiting) {
      if (!this.#fits(claim)) break
      this.#waiting.delete(claim)
      this.#holding.add(claim)
      granted.push(claim)
    }
    if (granted.length === 0) return
    const abandoned = this.#abandoned
    this.#abandoned = undefined
    for (const claim of granted) if (this.#holding.has(claim)) claim.grant(abandoned)
  }
}

/** A yield that takes longer has lost the core to somebody who computes. */
const LOST_MS = 1
/** Waits in which nobody gives way after that: more of them each time. */
const FEWEST = 64
const MOST = 2 ** 10

/**
 * Whether giving way pays where ranks outnumber cores. Among ranks that all wait it is the fastest way to have the core go round. But who
 * gives way to somebody that computes, of this job or of another, is without the core for milliseconds, where one who blocks is woken at
 * once. So after such a loss a rank blocks for a while, twice as long each time, and half as long again where giving way does well.
 */
export class LostCores {
  #rest = 0
  #next = FEWEST
  #kept = 0

  /** Whether it is too soon to give way again. */
  get areFeared(): boolean {
    return this.#rest > 0
  }

  /** A yield is over. */
  took(ms: number): void {
    if (ms > LOST_MS) {
      this.#rest = this.#next
      this.#next = Math.min(2 * this.#next, MOST)
      this.#kept = 0
    } else if (this.#next > FEWEST && ++this.#kept > this.#next) {
      this.#next /= 2
      this.#kept = 0
    }
  }

  /** A wait has done without. */
  blocked(): void {
    if (this.#rest > 0) this.#rest--
  }
}

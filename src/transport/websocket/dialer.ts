import type { Address } from './dial.js'

/** Waits before the attempts in a row that have come to nothing: at once at first, then less and less often. */
const BACK_OFF_MS = [0, 25, 50, 100, 200, 400, 800]

export interface DialerOptions {
  /** One attempt; resolves when it is over, whatever has come of it. */
  attempt: (address: Address) => Promise<void>
  /** Whether there is no connection and one is wanted. */
  wanted: () => boolean
  pause: (ms: number) => Promise<void>
}

/** Tries for a connection until there is one: at each of the other end's addresses in turn, with exponential back-off. */
export class Dialer {
  /** Where the other end listens; empty when it is the other end that dials. */
  addresses: readonly Address[] = []
  #dialling = false
  /** Attempts in a row, and at all. */
  #vain = 0
  #attempts = 0
  readonly #options: DialerOptions

  constructor(options: DialerOptions) {
    this.#options = options
  }

  get dials(): boolean {
    return this.addresses.length > 0
  }

  /** There is a connection: the next one that is wanted is tried for at once. */
  connected(): void {
    this.#vain = 0
  }

  async dial(): Promise<void> {
    if (this.#dialling) return
    this.#dialling = true
    const { attempt, wanted, pause } = this.#options
    while (this.dials && wanted()) {
      const wait = BACK_OFF_MS[Math.min(this.#vain++, BACK_OFF_MS.length - 1)]!
      if (wait > 0) await pause(wait)
      // It may have come from somewhere else, or be wanted no longer.
      if (!this.dials || !wanted()) break
      await attempt(this.addresses[++this.#attempts % this.addresses.length]!)
    }
    this.#dialling = false
  }
}

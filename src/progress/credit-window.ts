import { EAGER_BYTES, ENVELOPE_BYTES } from './send-queue.js'

/**
 * What one source may send before its messages are received. Pure, no I/O. Nothing here grows with what was sent: only what is left is
 * known, and the source is told what is added.
 */
export class CreditWindow {
  readonly #bytes: number
  /** What the source may still send; less than nothing where messages have gone ahead without credit. */
  #left: number
  /** Weight of the messages that have come and were not received. */
  #held = 0

  constructor(bytes: number) {
    this.#bytes = bytes
    this.#left = bytes
  }

  /** The source may be without credit for its next message, because of what nobody has received. */
  get exhausted(): boolean {
    return this.#left < EAGER_BYTES + ENVELOPE_BYTES && this.#held > 0
  }

  /** A message has come. */
  arrive(weight: number): void {
    this.#left -= weight
    this.#held += weight
  }

  /** A message is received. Returns the credit to be given when it is worth telling, else 0. */
  consume(weight: number): number {
    this.#held -= weight
    const due = this.#bytes - this.#left - this.#held
    if (due < this.#bytes >> 2) return 0
    this.#left += due
    return due
  }

  /** Another window, on top of what has come. Returns the credit to be given. */
  widen(): number {
    const more = Math.max(0, -this.#left) + this.#bytes
    this.#left += more
    return more
  }
}

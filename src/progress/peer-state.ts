import type { Transport } from '../transport/transport.js'
import type { Incoming } from './incoming.js'
import { EAGER_BYTES, ENVELOPE_BYTES, SendQueue, windowBytes } from './send-queue.js'

/** What this rank keeps of another. */
export class PeerState {
  readonly rank: number
  readonly link: SendQueue
  readonly window: Window
  /** Messages from it whose data is not complete. */
  readonly partial = new Map<number, Incoming>()

  constructor(transport: Transport, rank: number) {
    const bytes = windowBytes(transport.size)
    this.rank = rank
    this.link = new SendQueue(transport, rank, bytes)
    this.window = new Window(bytes)
  }
}

/** What a message weighs in the window. */
export const weight = (message: Incoming): number => ENVELOPE_BYTES + (message.later ? 0 : message.bytes)

/** What one source may send before its messages are received. */
class Window {
  /** Weight of the messages that have come. */
  used = 0
  readonly #bytes: number
  #consumed = 0
  #granted: number

  constructor(bytes: number) {
    this.#bytes = bytes
    this.#granted = bytes
  }

  /** The sender may be without credit for its next message. */
  get exhausted(): boolean {
    return this.#granted - this.used < EAGER_BYTES + ENVELOPE_BYTES && this.used > this.#consumed
  }

  /** Counts a message as received; all credit granted so far when it is worth telling, else 0. */
  consume(weight: number): number {
    this.#consumed += weight
    const due = this.#consumed + this.#bytes
    if (due - this.#granted < this.#bytes >> 2) return 0
    this.#granted = due
    return due
  }

  widen(): number {
    this.#granted = Math.max(this.#granted, this.used) + this.#bytes
    return this.#granted
  }
}

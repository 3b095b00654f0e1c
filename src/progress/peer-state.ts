import type { FlightRecorder } from '../diagnostics/flight-recorder.js'
import type { Transport } from '../transport/transport.js'
import { CreditWindow } from './credit-window.js'
import type { Incoming } from './incoming.js'
import { ENVELOPE_BYTES, type SendListener, SendQueue, windowBytes } from './send-queue.js'

/** What this rank keeps of another. */
export class PeerState {
  readonly rank: number
  readonly sendQueue: SendQueue
  readonly window: CreditWindow
  /** Messages from it whose data is not complete. */
  readonly partial = new Map<number, Incoming>()

  constructor(transport: Transport, rank: number, sent: SendListener, log?: FlightRecorder) {
    const bytes = windowBytes(transport.size)
    this.rank = rank
    this.sendQueue = new SendQueue(transport, rank, bytes, sent, log)
    this.window = new CreditWindow(bytes)
  }
}

/** What a message weighs in the window. */
export const weight = (message: Incoming): number => ENVELOPE_BYTES + (message.later ? 0 : message.bytes)

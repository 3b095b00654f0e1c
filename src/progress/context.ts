import type { Incoming, Taker, Waiting } from './incoming.js'
import type { Matching } from './matching.js'

/** Messages of one communicator and kind, apart from all others. */
export interface Context {
  readonly matching: Matching<Taker, Incoming>
  /** Names the taker of a message that no receive is posted for. */
  listener?: (message: Incoming) => Taker | undefined
  /** Sees every message that nobody takes yet. */
  unexpected?: (message: Incoming) => void
  /** Hears that a rank is no more. */
  gone?: (rank: number, reason: string) => void
  /** They see every message that a receive posted in their place could get. */
  readonly probes: (Waiting & { readonly peer: number; readonly order: number; see(message: Incoming): void })[]
  /** The open halves of channels: they hear when their peer is gone, and as long as one `waits` its rank is not idle for nothing. */
  halves?: Iterable<Waiting & { readonly peer: number; readonly waits: boolean }>
}

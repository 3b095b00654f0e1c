import { ANY_SOURCE } from '../constants.js'
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

/** All that waits in a context for other ranks, or only what waits for `rank`. */
export function* waitingIn({ matching, probes, halves }: Context, rank?: number): Generator<Waiting & { readonly peer: number }> {
  for (const waiting of [...matching.waiting(), ...probes]) if (rank === undefined || waiting.peer === rank) yield waiting
  if (halves !== undefined) for (const half of halves) if (rank === undefined ? half.waits : half.peer === rank) yield half
}

/** Whether somebody waits in a context for a message that this source may send. */
export function isSought({ matching, probes, halves }: Context, source: number): boolean {
  if (matching.waitsFor(source) || probes.some(({ peer }) => peer === source || peer === ANY_SOURCE)) return true
  if (halves !== undefined) for (const { peer, waits } of halves) if (waits && peer === source) return true
  return false
}

/** Shows a message to the probes that were posted before the receive that takes it. */
export function show(message: Incoming, { probes }: Context, taker: Taker | undefined): void {
  for (const probe of [...probes]) if (taker === undefined || probe.order < taker.order) probe.see(message)
}

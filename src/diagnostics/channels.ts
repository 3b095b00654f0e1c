import { channel } from 'node:diagnostics_channel'
import type { CallSite } from './call-site.js'

/**
 * What happens on a rank, for whoever listens on `node:diagnostics_channel`. Nobody does by default: then each of these costs a look at
 * `hasSubscribers`, and its message is not made. They are documented in docs/reference/diagnostics.md.
 */

export const sends = channel('rxmpi:send')
export const receives = channel('rxmpi:receive')
export const collectives = channel('rxmpi:collective')
export const links = channel('rxmpi:link')
export const failures = channel('rxmpi:failure')

/** Of `rxmpi:send` and `rxmpi:receive`. Ranks are those of the communicator. */
export interface MessageEvent {
  rank: number
  peer: number
  tag: number
  /** Its name; none where a message belongs to no communicator of this rank's. */
  communicator: string | undefined
  /** What it is part of. */
  kind: 'message' | 'collective' | 'stream' | 'control'
  datatype: string
  bytes: number
  /** The same for both ends of a message, and for no others: those of one path are received in the order in which they were sent. */
  path: string
  /**
   * When, as `performance.now()` of the rank's thread has it: of a send before anything of it can be seen elsewhere, of a receive after all
   * of it has come.
   */
  time: number
  /** Of a receive by a call of the program: milliseconds since the call, where somebody listened then. */
  waited?: number | undefined
  /** Where the program has called it, as far as that was recorded; `stack` is put into words when it is read. */
  site?: CallSite | undefined
}

/** Of `rxmpi:collective`. */
export interface CollectiveEvent {
  phase: 'begin' | 'end'
  rank: number
  communicator: string
  /** Which: 'allreduce'. */
  name: string
  /** The how-many-th collective of the communicator, from 0: the same on all ranks. */
  sequence: number
  /** When, as `performance.now()` of the rank's thread has it. */
  time: number
  /** Where the program has called it, as far as that was recorded. */
  site?: CallSite | undefined
  /** At the end: milliseconds since it has begun, where somebody listened then. */
  duration?: number | undefined
  /** At the end: whether it has ended well. */
  ok?: boolean
}

/** Of `rxmpi:link`, of a link between two hosts; -1 is the launcher. */
export interface LinkEvent {
  state: 'made' | 'cut' | 'restored' | 'failed'
  host: number
  peer: number
  reason?: string
}

/** Of `rxmpi:failure`. Ranks are those of the world. */
export interface FailureEvent {
  rank: number
  failed: number
  host: string | undefined
  reason: string
}

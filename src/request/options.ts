import type { BufferLike } from '../codec/datatype.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import type { Records } from '../layout/records.js'
import type { View } from '../layout/view.js'
import type { Status } from './status.js'

/** What the calls of a communicator are told. */

/** What can be received into: a buffer, or what picks places of one. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields, a view of whatever memory
export type Target = BufferLike | View<any> | Records<any>

/** Where a message goes. For `send`, `isend` and their like. */
export interface To {
  /** The rank it goes to, or PROC_NULL, which sends nothing. */
  dest: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  /** Aborting it fails the call with an AbortError and withdraws the message, unless it has left. */
  signal?: AbortSignal
}

/** Which message is meant, and where its data goes. For `recv`, `irecv`, the probes and `messages`. */
export interface From {
  /** Default ANY_SOURCE. */
  source?: number
  /** Default ANY_TAG. */
  tag?: number
  /** Receive in place: the call resolves to this object. */
  into?: Target
  /** Is filled in with what was found: `status: new Status()`. */
  status?: Status
  /** Aborting it fails the call with an AbortError and withdraws the receive: the next one gets the message. */
  signal?: AbortSignal
}

/** @internal */
export const TO: OptionNames<To & { transfer?: boolean }> = { dest: true, tag: true, signal: true, transfer: true }
/** @internal Of all that receives into something. */
export const FROM: OptionNames<From> = { source: true, tag: true, into: true, status: true, signal: true }
/** @internal */
export const PROBE: OptionNames<Omit<From, 'into'>> = { source: true, tag: true, status: true, signal: true }
/** @internal */
export const MESSAGES: OptionNames<Omit<From, 'into' | 'status'>> = { source: true, tag: true, signal: true }

/** What goes out and what comes in, in one call. For `sendrecv`. */
export interface Exchange {
  /** The rank that the data goes to, or PROC_NULL. */
  dest: number
  /** The tag it goes with, 0 … TAG_UB; default 0. */
  sendTag?: number
  /** The rank that the other message comes from; default ANY_SOURCE. */
  source?: number
  /** The tag that it comes with; default ANY_TAG. */
  recvTag?: number
  /** May be the data itself. */
  into?: Target
  /** Is filled in with what was received: `status: new Status()`. */
  status?: Status
  /** Aborting it fails the call with an AbortError and withdraws its receive. */
  signal?: AbortSignal
}

/** @internal */
export const EXCHANGE: OptionNames<Exchange> = {
  dest: true,
  sendTag: true,
  source: true,
  recvTag: true,
  into: true,
  status: true,
  signal: true
}

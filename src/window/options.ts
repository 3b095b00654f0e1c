import type { OptionNames } from '../diagnostics/option-names.js'
import type { Layout } from '../layout/layout.js'
import type { Target } from '../request/options.js'

/** Where a call on a window reads or writes. */
export interface WindowAt {
  /** The rank whose part is meant, what `attach` has given there, or PROC_NULL, where nothing is done. */
  target: number | Remote
  /** The first element of that part; of a part of bytes the first byte. Default 0. */
  at?: number
  /** Which elements, laid over the part from `at` on; by default those in a row. */
  layout?: Layout
  /** Aborting it fails the call with an AbortError; what it has begun elsewhere is finished there. */
  signal?: AbortSignal
}

/** Where a call on a window writes. */
export interface WindowTo extends WindowAt {
  /** The target's `notifications` tell of it, with this tag. */
  notify?: number
}

/** Where a call on a window reads, and how much: one of `count`, `into` and `layout` is given. */
export interface WindowFrom extends WindowAt {
  /** Elements; of a layout, how often it is laid over the part, one extent apart. */
  count?: number
  /** Read in place, also into a view or records: the call resolves to this object. */
  into?: Target
}

/** Memory that a rank has added to its part of a window: a plain object, which can be sent. */
export interface Remote {
  /** The window's name. */
  readonly window: string
  /** Whose it is. */
  readonly rank: number
  /** Which of that rank's. */
  readonly part: number
  /** What it is. */
  readonly memory: Readonly<Record<string, unknown>>
}

/** How a call on a window may end early. */
export interface WindowCallOptions {
  /** Aborting it fails the call with an AbortError. */
  signal?: AbortSignal
}

/** How a part is locked. */
export interface LockOptions extends WindowCallOptions {
  /** Together with others that lock it so, and with nobody who does not; default no. */
  shared?: boolean
}

/** A single element of a window: a number, or of 64-bit integers a bigint. */
export type ElementOf<A> = A extends BigInt64Array | BigUint64Array ? bigint : number

const AT: OptionNames<WindowAt> = { target: true, at: true, layout: true, signal: true }
export const PUT_TO: OptionNames<WindowTo> = { ...AT, notify: true }
export const GET_FROM: OptionNames<WindowFrom> = { ...AT, count: true, into: true }
export const GET_AND_PUT: OptionNames<WindowTo & { into?: Target }> = { ...PUT_TO, into: true }
export const LOCK: OptionNames<LockOptions> = { shared: true, signal: true }
export const NOTIFIED: OptionNames<{ source?: number; tag?: number }> = { source: true, tag: true }
export const SPAN: OptionNames<{ at?: number; count?: number }> = { at: true, count: true }
export const TOUCHED: OptionNames<{ target: number; at?: number; count?: number }> = { target: true, ...SPAN }

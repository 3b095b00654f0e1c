/**
 * What a rank has done as it is on its way to the file of the trace: rows of numbers, since text for each message would cost the rank more
 * than sending it. Times are milliseconds of the rank's own `performance.now()`.
 */

/** Doubles of a row. */
export const ROW = 9
/** Rows that a rank keeps before it hands them on: to wake who takes them costs as much as some ten messages. */
export const ROWS = 8192

/** What a row tells: in its lowest bits, above them the number of the fabric. */
export const SENT = 0
export const RECEIVED = 1
export const CALLED = 2
export const WHAT_BITS = 2

/** Where in a row what is. */
export const WHAT = 0
export const TIME = 1
/** Of a message. */
export const CONTEXT = 2
export const FROM = 3
export const TO = 4
export const TAG = 5
export const DATATYPE = 6
export const BYTES = 7
/** How long a call of the program has waited for it; less than nothing where none has. */
export const WAITED = 8
/** Of a collective: how long it has taken, which it was, on which communicator, the how-many-th, and whether it ended well. */
export const DURATION = 2
export const NAME = 3
export const COMMUNICATOR = 4
export const SEQUENCE = 5
export const OK = 6

/** A monotonic clock, which all processes of a machine have in common. */
export interface Clock {
  /** Which: the same on all of a machine. */
  readonly id: string
  /** What it shows, in milliseconds, when the rank's `performance.now()` is 0. */
  readonly offset: number
  /** Milliseconds since 1970 when it shows 0. */
  readonly wall: number
}

/** Rows of a rank, and what their numbers stand for as far as that was not told before. */
export interface TraceChunk {
  readonly rows: Float64Array
  /** With the first. */
  readonly clock?: Clock | undefined
  /** In the order of their numbers; `processes`: who its numbers are, where they are not those of the job. */
  readonly fabrics: readonly { readonly name: string; readonly processes?: readonly (number | string)[] | undefined }[]
  /** What communicators are called, by their fabric and id. */
  readonly communicators: readonly { readonly fabric: number; readonly id: number; readonly name: string }[]
  /** In the order of their numbers. */
  readonly names: readonly string[]
}

/**
 * What a rank has done as it is on its way to the file of the trace: rows of numbers, since text for each message would cost the rank more
 * than sending it. Times are milliseconds of the rank's own `performance.now()`.
 */

/** Doubles of a row. */
export const ROW = 4
/** Integers of 32 bits in the place of a double: the first one of a row is two of them. */
export const WORDS = 2
/** Rows that a rank keeps before it hands them on, 1 MiB: to wake who takes them costs ranks that fill a machine some hundred messages. */
export const ROWS = 32_768

/** What a row tells: in the lowest bits of the first integer, above them the number of the route, or of the call. */
export const SENT = 0
export const RECEIVED = 1
export const CALLED = 2
export const WHAT_BITS = 2

/** Which integer of a row is what: */
export const WHAT = 0
/** of a message; */
export const TAG = 1
/** of a collective, the how-many-th of its communicator. */
export const SEQUENCE = 1

/** Which double of a row is what. */
export const TIME = 1
/** Of a message. */
export const BYTES = 2
/** How long a call of the program has waited for it; less than nothing where none has. */
export const WAITED = 3
/** Of a collective: how long it has taken. */
export const DURATION = 2

/** A monotonic clock, which all processes of a machine have in common. */
export interface Clock {
  /** Which: the same on all of a machine. */
  readonly id: string
  /** What it shows, in milliseconds, when the rank's `performance.now()` is 0. */
  readonly offset: number
  /** Milliseconds since 1970 when it shows 0. */
  readonly wall: number
}

/** What many messages of a rank have in common, in either direction. */
export interface Route {
  /** The number of its fabric. */
  readonly fabric: number
  readonly context: number
  /** The other end, as a number of the fabric. */
  readonly peer: number
  readonly datatype: number
  /** Its name; none where a message belongs to no communicator of the rank's. */
  readonly communicator: string | undefined
}

/** What many collectives of a rank have in common. */
export interface TracedCall {
  readonly name: string
  readonly communicator: string
  readonly ok: boolean
}

/** Rows of a rank, and what their numbers stand for as far as that was not told before. */
export interface TraceChunk {
  readonly rows: Float64Array
  /** With the first. */
  readonly clock?: Clock | undefined
  /** In the order of their numbers; `rank` is this one's number there, `processes` who all are, where they are not those of the job. */
  readonly fabrics: readonly {
    readonly name: string
    readonly rank: number
    readonly processes?: readonly (number | string)[] | undefined
  }[]
  /** In the order of their numbers, as those of calls. */
  readonly routes: readonly Route[]
  readonly calls: readonly TracedCall[]
}

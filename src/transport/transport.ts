import type { Boards } from './board.js'

/**
 * What carries segments between ranks: rings in shared memory, a network in virtual time, sockets. A transport knows ranks and segments and
 * nothing of messages.
 *
 * It delivers what one rank publishes to another whole, once and in order, loses nothing, and says "no room" instead of growing. It
 * delivers in `poll`, or in a turn of its own, and never within another call: who makes that is in the middle of something.
 * `testing/transportCompliance.ts` is this contract as tests.
 */
export interface Transport {
  /** The rank whose end this is, 0 … `size` - 1. */
  readonly rank: number
  /** How many ranks it joins. */
  readonly size: number
  /** The longest segment in bytes; a multiple of 8. */
  readonly maxSegment: number

  /** The number of each rank's host; absent when all share one. */
  readonly hosts?: readonly number[] | undefined
  /** What each host is called, by its number. */
  readonly hostNames?: readonly string[] | undefined

  /** Who is called for what arrives; set once, before the first poll. */
  attach(receiver: SegmentReceiver): void

  /**
   * Room for a segment of `bytes` to `dest`: write it into the slot, then `publish`. `undefined` when there is none now:
   * `receiver.room(dest)` is then called once there may be. The slot is valid until `publish`, which must follow in the same turn.
   */
  reserve(dest: number, bytes: number): Slot | undefined
  /** Sends the segment that `reserve` has given room for; from here on the slot is not to be touched. */
  publish(dest: number): void
  /** Asks for `receiver.room(dest)` at the next poll, though there may be room now. */
  again(dest: number): void

  /**
   * Hands over an ArrayBuffer that nobody else holds, without copying it, to a rank of the same host; it is delivered by `receiver.moved`.
   * Absent where memory is not shared.
   */
  move?(dest: number, id: number, buffer: ArrayBuffer): void
  /**
   * Lets a rank of the same host have memory that both see from then on; it is delivered by `receiver.shared`, in order with `move`. Absent
   * where memory is not shared.
   */
  share?(dest: number, id: number, memory: readonly SharedArrayBuffer[]): void
  /**
   * Makes memory, one of each length, that ranks of other processes of this machine can reach by `reach`. Absent where there are none;
   * `undefined` where it cannot be had now.
   */
  allocate?(lengths: readonly number[]): ReachableMemory | undefined
  /** What another rank has made, by what that tells of it; `undefined` where it is out of reach: on another machine, or closed. */
  reach?(place: unknown): readonly ArrayBuffer[] | undefined
  /**
   * Its ranks share a thread and its time is not real: what is shared can be looked at, but what a rank does to another's memory takes a
   * message, or it would take no time.
   */
  readonly isVirtual?: boolean
  /** Where ranks of this host post notes that all see at once. Absent where memory is not shared. */
  readonly boards?: Boards | undefined
  /** Whether a rank of this host is no more, as far as is known at once, before `receiver.gone` tells. */
  hasEnded?(rank: number): boolean
  /** How many buffers are expected by `move`, so that the transport stays ready for them: one more, or one less. */
  expect?(source: number, change: 1 | -1): void

  /**
   * Lets the main thread of this host answer for this rank what others ask of it in a context: of those for which `about` says what it
   * needs to know, and `memory` is what it acts on. Calls back when it does. Absent where there is no such thread.
   */
  attend?(context: number, about: unknown, memory: readonly SharedArrayBuffer[], done: () => void): void
  /** The rank answers by itself again. */
  unattend?(context: number): void

  /** Delivers what has come; true when that was anything. Segments published while it delivers may wait for the next poll. */
  poll(): boolean

  /** Counts the operations that wait for a segment: while there are any, the transport polls by itself. */
  hold(): void
  /** Takes back one `hold`. */
  release(): void

  /** The same for whoever would like to hear of a segment and does not wait for one: it does not keep the rank from ending. */
  watch(): void
  /** Takes back one `watch`. */
  unwatch(): void
}

/** Memory that ranks of several processes see. It goes when nobody has it any more. */
export interface ReachableMemory {
  /** One of each length that was asked for. */
  readonly memory: readonly ArrayBuffer[]
  /** What others have to know to reach it: a value that can be sent. */
  readonly place: unknown
  /** From now on nobody else can reach it; who has it keeps it. */
  close(): void
}

/** Who is called for what arrives. The transport calls it from `poll` or from a turn of its own. */
export interface SegmentReceiver {
  /** The slot is valid during this call only, and user code may run only as its last step. */
  segment(source: number, slot: Slot): void
  /** There may be room for segments to `dest` again; true when some were written. */
  room(dest: number): boolean
  /** A buffer that `move` handed over. */
  moved(source: number, id: number, buffer: ArrayBuffer): void
  /** Memory that `share` lets this rank have. */
  shared?(source: number, id: number, memory: readonly SharedArrayBuffer[]): void
  /**
   * A rank has ended, or `failed` for a reason, and no segment of it will come any more. Told of ranks that are no more, and of no others.
   */
  gone(rank: number, reason: string, failed?: boolean): void
}

/** A place for one segment. Its bytes are `bytes[at] … bytes[at + length - 1]`; `at` is a multiple of 8. */
export interface Slot {
  /** The memory that the segment lies in. */
  readonly bytes: Uint8Array
  /** The same memory as integers of 32 bits; the segment begins at `words[at / 4]`. */
  readonly words: Int32Array
  /** The same memory as numbers of 64 bits; the segment begins at `doubles[at / 8]`. */
  readonly doubles: Float64Array
  /** Where the segment begins in `bytes`. */
  at: number
  /** How many bytes it has. */
  length: number
  /** Segments of which this is the same had all come when the first of them was delivered; absent where that is not known. */
  readonly look?: number
}

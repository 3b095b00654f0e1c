import type { Slot } from '../transport/transport.js'

/**
 * The header of a segment, 32 bytes, little-endian:
 *
 *     0 kind (4 bits), flags (4 bits)  1 datatype  2 upper 16 bits of the context  4 lower 32, signed  8 tag  12 id
 *     16 total bytes of the message (float64: exact to 2⁵³)
 *     24 call  28 shape (of collectives: what the sender has called, and on how much; of records, the hash of their types)
 *
 * followed by the segment's share of the message.
 */
export const HEADER = 32

/** The first segment of a message: its envelope, and as much of its data as goes along. */
export const START = 1
/** More data of the message `id`, in order. */
export const REST = 2
/** The receiver's answer to a START that asked for one: what became of message `id` is in `tag`. */
export const MATCHED = 3
/** The sender takes back message `id` if nobody has matched it yet. */
export const RETRACT = 4
/** More credit for the sender, in `total`. */
export const CREDIT = 5
/** A whole message that takes no credit: what the main thread of a rank's host answers for it. In `id`: credit that comes back with it. */
export const ANSWERED = 6

/** Flag of START: answer with MATCHED when a receive has matched it. */
export const ANSWER = 1
/** Flag of START: the data comes after the answer. */
export const LATER = 2
/** Flag of START: the data comes by `move` and not in segments. */
export const MOVES = 4

/** What MATCHED says. */
export const TAKEN = 0
/** Matched, but its data is of no use: do not send it. */
export const DISCARDED = 1
export const RETRACTED = 2
/** Taken out of the queue by a matched probe; another answer follows when it is received. */
export const CLAIMED = 3

/** Contexts are below: 48 bits hold as many, and those that are less than nothing. */
export const CONTEXT_LIMIT = 2 ** 47

export function writeHeader(
  slot: Slot,
  kind: number,
  datatype: number,
  flags: number,
  context: number,
  tag: number,
  id: number,
  total: number,
  call: number,
  shape: number
): void {
  const word = slot.at >> 2
  const lower = context | 0
  const upper = lower === context ? 0 : (context - lower) / 2 ** 32
  slot.words[word] = kind | (flags << 4) | (datatype << 8) | (upper << 16)
  slot.words[word + 1] = lower
  slot.words[word + 2] = tag
  slot.words[word + 3] = id
  slot.doubles[(slot.at >> 3) + 2] = total
  slot.words[word + 6] = call
  slot.words[word + 7] = shape
}

export const kindOf = (slot: Slot): number => slot.words[slot.at >> 2]! & 0xf
export const flagsOf = (slot: Slot): number => (slot.words[slot.at >> 2]! >> 4) & 0xf
export const datatypeAt = (slot: Slot): number => (slot.words[slot.at >> 2]! >> 8) & 0xff
export function contextOf(slot: Slot): number {
  const upper = slot.words[slot.at >> 2]! >>> 16
  const lower = slot.words[(slot.at >> 2) + 1]!
  return upper === 0 ? lower : upper * 2 ** 32 + lower
}
export const tagOf = (slot: Slot): number => slot.words[(slot.at >> 2) + 2]!
export const idOf = (slot: Slot): number => slot.words[(slot.at >> 2) + 3]!
export const totalOf = (slot: Slot): number => slot.doubles[(slot.at >> 3) + 2]!
export const callOf = (slot: Slot): number => slot.words[(slot.at >> 2) + 6]!
export const shapeOf = (slot: Slot): number => slot.words[(slot.at >> 2) + 7]!

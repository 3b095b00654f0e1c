import { KIND_BITS, kindIn, NEXT } from '../progress/context-ids.js'

/**
 * What the two ends of a stream say to each other: messages of a communicator's fourth context, with the stream's tag.
 *
 * A stream goes one way, from one rank to another. It is known by its tag, by the how-many-th call with that tag it is of, and by the
 * how-many-th subscription of that call. So what comes early finds its place.
 *
 *     writer → reader   NEXT … NEXT, then COMPLETE or ERROR, once
 *     reader → writer   CREDIT …, then CLOSE, once, after its subscription
 *
 * Each end closes its direction with its last frame, and forgets the stream when it has both sent its own and seen the other's.
 */

export { kindIn, NEXT }
export const COMPLETE = 2
export const ERROR = 3
/** All that the writer may have sent, ever: `[values, bytes]`. The first may be less than what it was free to send before. */
export const CREDIT = 4
/** Nothing more is wanted: there is nobody (any more) to read it, or its end has come. */
export const CLOSE = 5

/** Calls of one direction, peer and tag: one more is refused. */
export const MAX_CALLS = 2 ** 38
/** Subscriptions of a call whose streams can be told apart: their numbers go round, and one that meets itself, still alive, is refused. */
export const MAX_SUBSCRIPTIONS = 2 ** 15

/** Where numbers start. Tests start them near their ends. */
export const FIRST = { call: 0, subscription: 0, ref: 0 }

/** The number of a stream among those of its direction, peer and tag; an integer below 2⁵³. */
export const streamId = (call: number, subscription: number): number => call * MAX_SUBSCRIPTIONS + (subscription % MAX_SUBSCRIPTIONS)
/** The call that a stream is of. */
export const callIn = (id: number): number => Math.floor(id / MAX_SUBSCRIPTIONS)

const WORD = 2 ** 32

/** A frame's `call` in the header: its kind, and above that the high bits of the stream's id. */
export const callOf = (kind: number, id: number): number => kind | (Math.floor(id / WORD) << KIND_BITS)
/** A frame's `shape` in the header: the id's low bits. */
export const shapeOf = (id: number): number => id | 0
export const idIn = (call: number, shape: number): number => (call >>> KIND_BITS) * WORD + (shape >>> 0)

/** What a writer may send before it hears from its reader. */
export const FIRST_VALUES = 16
export const FIRST_BYTES = 2 ** 16

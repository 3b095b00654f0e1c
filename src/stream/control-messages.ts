import { KIND_BITS, kindIn, NEXT } from '../progress/context-ids.js'

/**
 * What the two ends of a stream say to each other: messages of a communicator's fourth context, with the stream's tag.
 *
 * A stream goes one way, from one rank to another. It is known by its tag, by the how-many-th call with that tag it is of (`shape` in the
 * header) and by the how-many-th subscription of that call (in `call`, above the kind of frame). So what comes early finds its place.
 *
 *     writer → reader   NEXT … NEXT, then COMPLETE or ERROR, once
 *     reader → writer   CREDIT …, then CLOSE, once
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

export const callOf = (kind: number, subscription: number): number => kind | (subscription << KIND_BITS)
export const subscriptionIn = (call: number): number => call >>> KIND_BITS

/** What a writer may send before it hears from its reader. */
export const FIRST_VALUES = 16
export const FIRST_BYTES = 2 ** 16

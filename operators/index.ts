/** The collectives as operators; they come with the collectives themselves. */

// Streams between two ranks
export { type Overflow, StreamStatus } from '../src/channel.js'
export { concatMap } from './concatMap.js'
export { mergeMap } from './mergeMap.js'
export { pull } from './pull.js'
export { type ReceiveFromOptions, receiveFrom } from './receiveFrom.js'
export { type SendToOptions, sendTo } from './sendTo.js'
export { toAsyncIterable } from './toAsyncIterable.js'

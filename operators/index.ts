// Collectives

// Streams between two ranks
export { type Overflow, StreamStatus } from '../src/channel.js'
export { type AllreduceOptions, allreduce } from './allreduce.js'
export { barrier } from './barrier.js'
export { type BcastOptions, bcast } from './bcast.js'
export { concatMap } from './concatMap.js'
export { mergeMap } from './mergeMap.js'
export { pull } from './pull.js'
export { type ReceiveFromOptions, receiveFrom } from './receiveFrom.js'
export { type ReduceOptions, reduce } from './reduce.js'
export { type SendToOptions, sendTo } from './sendTo.js'
export { toAsyncIterable } from './toAsyncIterable.js'

// Collectives

export { type AllreduceOptions, allreduce } from './allreduce.js'
export { barrier } from './barrier.js'
export { type BcastOptions, bcast } from './bcast.js'
export { exscan } from './exscan.js'
export { type ReduceOptions, reduce } from './reduce.js'
export { type ReduceScatterOptions, reduceScatter } from './reduceScatter.js'
export { scan } from './scan.js'

// Streams between ranks

export { type Overflow, StreamStatus } from '../src/channel.js'
export { type BroadcastToOptions, broadcastTo, type Slow } from './broadcastTo.js'
export { concatMap } from './concatMap.js'
export type { Key } from './hash.js'
export { type MergeFromOptions, mergeFrom } from './mergeFrom.js'
export { mergeMap } from './mergeMap.js'
export { type PartitionToOptions, partitionTo } from './partitionTo.js'
export { pull } from './pull.js'
export { type ReceiveFromOptions, receiveFrom } from './receiveFrom.js'
export { ref } from './ref.js'
export { type SendToOptions, sendTo } from './sendTo.js'
export { toAsyncIterable } from './toAsyncIterable.js'
export { type TimeWindow, type WindowByTimeOptions, WindowStatus, windowByTime } from './windowByTime.js'

/**
 * Operators for RxJS: collectives over streams, streams between ranks, files as streams of records, and what a job shows to viewers. By
 * custom they are imported as one name: `import * as mpi from 'rxmpi/operators'`.
 *
 * @module rxmpi/operators
 */

// Collectives

export type { CollectiveOperator } from '../src/collective/operator.js'
export { type AllgatherOptions, allgather } from './allgather.js'
export { type AllgathervOptions, allgatherv } from './allgatherv.js'
export { type AllreduceOptions, allreduce } from './allreduce.js'
export { type AlltoallOptions, alltoall, type Exchanged } from './alltoall.js'
export { type AlltoallvOptions, alltoallv } from './alltoallv.js'
export { barrier } from './barrier.js'
export { type BcastOptions, bcast } from './bcast.js'
export { exscan } from './exscan.js'
export { type GatherOptions, gather } from './gather.js'
export { type GathervOptions, gatherv } from './gatherv.js'
export { halo } from './halo.js'
export { neighborAllgather } from './neighborAllgather.js'
export { type NeighborAllgathervOptions, neighborAllgatherv } from './neighborAllgatherv.js'
export { type NeighborExchanged, neighborAlltoall } from './neighborAlltoall.js'
export { type NeighborAlltoallvOptions, neighborAlltoallv } from './neighborAlltoallv.js'
export { type ReduceOptions, reduce } from './reduce.js'
export { type ReduceScatterOptions, reduceScatter } from './reduceScatter.js'
export { scan } from './scan.js'
export { type Part, type ScatterOptions, scatter } from './scatter.js'
export { type ScattervOptions, scatterv } from './scatterv.js'

// Streams of records

export type { FileRecord } from '../src/file/record-parsers.js'
export type { ReadFromOptions, RecordFormat, RecordStream, Share } from '../src/file/record-stream.js'
export type { WriteToOptions } from '../src/file/record-writer.js'
export type { Written } from '../src/file/record-writing.js'
export { readFrom } from './readFrom.js'
export { writeTo } from './writeTo.js'

// Streams between ranks

export { type Overflow, StreamStatus } from '../src/stream/internal.js'
export type { Ref } from '../src/stream/ref.js'
export { type BroadcastToOptions, broadcastTo, type Slow } from './broadcastTo.js'
export { concatMap } from './concatMap.js'
export { type GatherStreamsOptions, gatherStreams } from './gatherStreams.js'
export type { Key } from './hash.js'
export { type MergeFromOptions, mergeFrom } from './mergeFrom.js'
export { mergeMap } from './mergeMap.js'
export { type PartitionToOptions, partitionTo } from './partitionTo.js'
export { pull } from './pull.js'
export { type ReceiveFromOptions, receiveFrom } from './receiveFrom.js'
export { ref } from './ref.js'
export { type SendToOptions, sendTo } from './sendTo.js'
export { toAsyncIterable } from './toAsyncIterable.js'
export { type Timed, type WatermarkOptions, watermark } from './watermark.js'
export { type TimeWindow, type WindowByTimeOptions, WindowStatus, windowByTime } from './windowByTime.js'

// Viewers, which are no ranks

export type { Viewers, ViewersOptions, ViewerTicketOptions } from '../src/viewers/internal.js'
export { type PublishOptions, publish } from './publish.js'
export { type SubscribeToOptions, subscribeTo } from './subscribeTo.js'
export { viewers } from './viewers.js'

/** What operators know of streams between ranks. */
export { recordCallSite } from './call-site.js'
export { abortError, onAbort } from './cancellation.js'
export type { Line } from './channel/channels.js'
export { all, both, type Demand, Gate, presentDemand, under } from './channel/demand.js'
export {
  checkAmount,
  checked,
  checkInflow,
  checkOneOf,
  checkOutflow,
  checkRanks,
  checkReader,
  checkWriter,
  DEFAULT_VALUES,
  type InflowOptions,
  type OutflowOptions
} from './channel/options.js'
export { outflow } from './channel/outflow.js'
export { pull } from './channel/pull.js'
export { Queue } from './channel/queue.js'
export type { Reader } from './channel/reader.js'
export { Ref } from './channel/ref.js'
export { remoteError, sendable } from './channel/remote-error.js'
export { StreamStatus } from './channel/status.js'
export { defaultHighWaterMark, type Overflow, Valve } from './channel/valve.js'
export type { Writer } from './channel/writer.js'
export { datatypeOf, OBJECT } from './codec/datatype.js'
export { ANY_SOURCE, PROC_NULL } from './constants.js'
export { ArgumentError, OverflowError } from './errors.js'

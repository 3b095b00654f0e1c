/** What operators know of streams between ranks. */

export { datatypeOf, OBJECT } from '../codec/datatype.js'
export { ANY_SOURCE, PROC_NULL } from '../constants.js'
export { checkOptions } from '../diagnostics/arguments.js'
export { recordCallSite } from '../diagnostics/call-site.js'
export type { OptionNames } from '../diagnostics/option-names.js'
export { ArgumentError, OverflowError } from '../errors.js'
export { Queue } from '../memory/queue.js'
export { abortError, onAbort } from '../request/cancellation.js'
export { all, both, type Demand, Gate, presentDemand, under } from './demand.js'
export { exchangeStreams } from './exchange-streams.js'
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
  INFLOW,
  type InflowOptions,
  OUTFLOW,
  type OutflowOptions
} from './options.js'
export { defaultHighWaterMark, type Overflow, OverflowPolicy } from './overflow-policy.js'
export { pull } from './pull.js'
export type { Reader } from './reader.js'
export { Ref } from './ref.js'
export { remoteError } from './remote-error.js'
export { writeSource } from './source-writer.js'
export { StreamStatus } from './status.js'
export type { StreamCall } from './stream-registry.js'
export type { Writer } from './writer.js'

/** What operators know of streams between ranks. */
export { recordCallSite } from './call-site.js'
export { abortError, onAbort } from './cancellation.js'
export { both, type Demand, Gate, presentDemand, under } from './channel/demand.js'
export {
  checkAmount,
  checked,
  checkInflow,
  checkOutflow,
  checkReader,
  checkWriter,
  type InflowOptions,
  type OutflowOptions
} from './channel/options.js'
export { pull } from './channel/pull.js'
export { StreamStatus } from './channel/status.js'
export { type Overflow, Valve } from './channel/valve.js'
export { ANY_SOURCE, PROC_NULL } from './constants.js'

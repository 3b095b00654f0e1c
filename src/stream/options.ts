import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkDest, checkSignal, checkSource, checkTag } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, RankError } from '../errors.js'
import { defaultHighWaterMark, OVERFLOWS, type Overflow } from './overflow-policy.js'
import type { Prefetch } from './reader.js'
import { StreamStatus } from './status.js'

/** How a stream goes out. */
export interface OutflowOptions {
  /** What happens to values that the reader has not granted credit for; default `'buffer'`. Sources that can wait are asked for none. */
  overflow?: Overflow
  /** Values that may wait here; default 1,000,000 for `'buffer'`, 1024 for `'dropOldest'` and `'dropNewest'`. */
  highWaterMark?: number
}

/** How a stream comes in. */
export interface InflowOptions {
  /** Values that may be on their way or wait here; default 1024. The very first 16 may come before the writer has heard of it. */
  prefetch?: number
  /** The same in bytes; default 1 MiB. One value more may always come. */
  prefetchBytes?: number
}

export const OUTFLOW: OptionNames<OutflowOptions> = { overflow: true, highWaterMark: true }
export const INFLOW: OptionNames<InflowOptions> = { prefetch: true, prefetchBytes: true }

export const DEFAULT_VALUES = 1024
export const DEFAULT_BYTES = 2 ** 20

/** Runs checks; what they throw is told where the call is. */
export function checked<T>(comm: CommunicatorCore, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw comm.inContext(error, captureCallSite())
  }
}

export function checkOutflow({ overflow = 'buffer', highWaterMark }: OutflowOptions): Required<OutflowOptions> {
  checkOneOf('overflow', overflow, OVERFLOWS)
  return { overflow, highWaterMark: checkAmount('highWaterMark', highWaterMark ?? defaultHighWaterMark(overflow), 0) }
}

export const checkInflow = ({ prefetch = DEFAULT_VALUES, prefetchBytes = DEFAULT_BYTES }: InflowOptions): Prefetch => ({
  values: checkAmount('prefetch', prefetch, 1),
  bytes: checkAmount('prefetchBytes', prefetchBytes, 1)
})

export function checkOneOf(name: string, value: string, values: readonly string[]): void {
  if (values.includes(value)) return
  throw new ArgumentError(`${name}: expected one of ${values.map((one) => `'${one}'`).join(', ')}, got ${JSON.stringify(value)}`)
}

export function checkAmount(name: string, amount: number, least: number): number {
  if (amount === Number.POSITIVE_INFINITY || (Number.isInteger(amount) && amount >= least)) return amount
  throw new ArgumentError(`${name}: ${String(amount)} is no amount; expected an integer from ${least} on, or Infinity`)
}

/** Some ranks, each once; which ones, is for others to check. */
export function checkRanks(ranks: unknown, name: string): asserts ranks is readonly number[] {
  if (!Array.isArray(ranks)) throw new ArgumentError(`${name}: expected an array of ranks, got ${String(ranks)}`)
  const twice = ranks.find((rank, k) => ranks.indexOf(rank) < k)
  if (twice !== undefined) throw new RankError(`${name}: rank ${twice} is named twice`)
}

export function checkWriter(
  comm: CommunicatorCore,
  options: { dest: number; tag?: number; signal?: AbortSignal; status?: StreamStatus } & OutflowOptions,
  name = 'dest'
): void {
  comm.checkAlive()
  const { dest, tag = 0, signal, status } = options
  checkDest(dest, comm.size, name)
  checkTag(tag)
  if (signal !== undefined) checkSignal(signal)
  if (status !== undefined && !(status instanceof StreamStatus)) throw new ArgumentError('status: expected a new StreamStatus()')
}

export function checkReader(comm: CommunicatorCore, options: { source: number; tag?: number; signal?: AbortSignal } & InflowOptions): void {
  comm.checkAlive()
  const { source, tag = 0, signal } = options
  if (source === ANY_SOURCE) {
    throw new RankError('source: a stream comes from one rank, not from ANY_SOURCE; mpi.mergeFrom reads those of several ranks')
  }
  checkSource(source, comm.size)
  checkTag(tag)
  if (signal !== undefined) checkSignal(signal)
}

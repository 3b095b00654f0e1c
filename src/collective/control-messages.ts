import type { CommunicatorCore } from '../core/communicator-core.js'
import { type FailedRank, RankFailedError, RemoteError } from '../errors.js'
import type { Word } from './termination.js'

/** What ranks say to each other beside the data of their collectives. */

/** Ranks have called different things. */
export const ALARM = 1
/** Of a rank that waits for the other's data: that it has called the same. */
export const CALLED = 2
/** So many ranks up to this one have ended after as many values: `[step, count]`. */
export const PASSED_ON = 3
/** How the stream of this rank ends: `Told`. */
export const TOLD = 4
/** The same, with an error: `Failure`. */
export const FAILURE = 5
/** For this rank the subscription is over, and it has told no word. */
export const OVER = 6
/** Of a barrier of the window. */
export const BARRIER = 7

/** What concerns one subscription of a call. */
export type Kind = typeof CALLED | typeof PASSED_ON | typeof TOLD | typeof FAILURE | typeof OVER | typeof BARRIER

/** A rank's word, and whether some rank has called the method. */
export type Told = readonly [kind: Word['kind'], count: number, single: boolean]

/** How an error of one rank reaches the others. */
export interface Failure {
  /** The round in whose place it is. */
  readonly round: number
  readonly error: unknown
  /** A rank has failed, and it is this one's news only. */
  readonly failed: FailedRank | boolean
}

export function failureOf(round: number, error: unknown): Failure {
  return { round, error: sendable(error), failed: error instanceof RankFailedError && (error.failed ?? true) }
}

/** An error's own fields may be anything; what cannot be sent is left out. */
function sendable(error: unknown): unknown {
  if (!(error instanceof Error)) return new Error(String(error))
  const { name, message, stack } = error
  const plain = Object.assign(new Error(message), { name })
  plain.stack = stack ?? ''
  if (error.cause instanceof Error) plain.cause = sendable(error.cause)
  return plain
}

export function remoteError(comm: CommunicatorCore, rank: number, collective: string, { error, failed }: Failure): Error {
  const original = error as Error
  if (failed !== false)
    // It is told in this rank's own context: its line is the user's call here.
    return new RankFailedError(original.message, { cause: original, failed: failed === true ? undefined : failed })
  return new RemoteError(`rank ${rank} failed in ${collective}: ${original.name}: ${original.message}`, {
    rank,
    communicator: comm.name,
    cause: original
  })
}

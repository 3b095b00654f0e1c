import { sendableError, textOf } from '../codec/sendable-error.js'
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

/** Of a rank that waits at a board for the other's note. */
export const ASKED = 8
/** The answer, where there will be none: that rank sends messages. */
export const NO_NOTE = 9

/** What concerns one subscription of a call. */
export type Kind =
  | typeof CALLED
  | typeof PASSED_ON
  | typeof TOLD
  | typeof FAILURE
  | typeof OVER
  | typeof BARRIER
  | typeof ASKED
  | typeof NO_NOTE

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
  return { round, error: sendableError(error), failed: error instanceof RankFailedError && (error.failed ?? true) }
}

export function remoteError(comm: CommunicatorCore, rank: number, collective: string, { error, failed }: Failure): Error {
  if (failed !== false)
    // It is told in this rank's own context: its line is the user's call here.
    return comm.hearFailure(rank, (error as Error).message, failed === true ? undefined : failed, error)
  return new RemoteError(`${comm.titleOf(rank)} failed in ${collective}: ${textOf(error)}`, {
    rank: comm.numberOf(rank),
    communicator: comm.name,
    cause: error
  })
}

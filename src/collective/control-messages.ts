import { sendableError, textOf } from '../codec/sendable-error.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type FailedRank, RankFailedError, RemoteError } from '../errors.js'

/** What ranks say to each other beside the data of their collectives: a word of an agreement, that something failed, what was called, that the same was. */
export const WORD = 1
export const FAILURE = 2
export const ALARM = 3
/** The source of the one rank that gives all there is has ended, after so many values. */
export const LAST = 4

/** Of a rank that waits for the other's data: that it has called the same. */
export const CALLED = 5

/** What concerns one subscription of a call. */
export type Kind = typeof WORD | typeof FAILURE | typeof LAST | typeof CALLED

/** How an error of one rank reaches the others. */
export interface Saying {
  /** The round in whose place it is. */
  readonly round: number
  readonly error: unknown
  /** A rank has failed, and it is this one's news only. */
  readonly failed: FailedRank | boolean
}

export function sayingOf(round: number, error: unknown): Saying {
  return { round, error: sendableError(error), failed: error instanceof RankFailedError && (error.failed ?? true) }
}

export function remoteError(comm: CommunicatorCore, rank: number, collective: string, { error, failed }: Saying): Error {
  if (failed !== false)
    // It is told in this rank's own context: its line is the user's call here.
    return new RankFailedError((error as Error).message, { cause: error, failed: failed === true ? undefined : failed })
  return new RemoteError(`rank ${rank} failed in ${collective}: ${textOf(error)}`, {
    rank,
    communicator: comm.name,
    cause: error
  })
}

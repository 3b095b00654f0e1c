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

export function remoteError(comm: CommunicatorCore, rank: number, collective: string, { error, failed }: Saying): Error {
  const original = error as Error
  if (failed !== false)
    return new RankFailedError(original.message, {
      cause: original,
      communicator: comm.name,
      rank,
      failed: failed === true ? undefined : failed
    })
  return new RemoteError(`rank ${rank} failed in ${collective}: ${original.name}: ${original.message}`, {
    rank,
    communicator: comm.name,
    cause: original
  })
}

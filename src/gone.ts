import { RankFailedError } from './errors.js'

/** An operation needs a rank that is no more. */
export const goneError = (rank: number, reason: string): RankFailedError =>
  new RankFailedError(
    `rank ${rank} ${reason}: nothing comes from it any more and nothing can be sent to it; ` +
      'let it send and receive all that the others expect before it ends'
  )

import type { CommunicatorCore } from '../core/communicator-core.js'
import { RaggedStreamError } from '../errors.js'
import type { Call } from './call.js'
import { GOES_ON, type Word } from './termination.js'

/** The streams are not equally long, and should have been. */
export function raggedError(
  words: readonly (Word | undefined)[],
  call: Pick<Call, 'describe'>,
  comm: Pick<CommunicatorCore, 'titleOf'>
): Error {
  const streams = words.flatMap((word, rank) =>
    word === undefined ? [] : [`  ${comm.titleOf(rank)}: ${word.count}${word.kind === GOES_ON ? ' and more' : ''}`]
  )
  return new RaggedStreamError(
    `the streams of ${call.describe()} ended after different numbers of values:\n${streams.join('\n')}\n` +
      "give as many on every rank, or say what is wanted: ragged: 'truncate' ends with the shortest, " +
      "'rest' goes on with those that are left"
  )
}

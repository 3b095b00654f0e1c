import { textOf } from '../codec/sendable-error.js'
import { RemoteError } from '../errors.js'

/** An error of another rank: its message is in the message, and it is the cause. */
export function remoteError(rank: number, communicator: string, original: unknown): RemoteError {
  return new RemoteError(`rank ${rank} ended the stream with an error: ${textOf(original)}`, { rank, communicator, cause: original })
}

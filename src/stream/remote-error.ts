import { RemoteError } from '../errors.js'

/** What of an error can be sent: name, message, stack and cause, for its own fields may be anything. */
export function sendable(error: unknown, depth = 0): unknown {
  if (typeof error !== 'object' || error === null) return typeof error === 'function' || typeof error === 'symbol' ? String(error) : error
  const { name, message, stack, cause } = error as Error
  const plain = Object.assign(new Error(String(message ?? error)), name === undefined ? {} : { name: String(name) })
  plain.stack = String(stack ?? '')
  if (cause !== undefined && depth < MAX_CAUSES) plain.cause = sendable(cause, depth + 1)
  return plain
}

const MAX_CAUSES = 16

/** An error of another rank: its message is in the message, and it is the cause. */
export function remoteError(rank: number, communicator: string, original: unknown): RemoteError {
  const text = original instanceof Error ? `${original.name}: ${original.message}` : String(original)
  return new RemoteError(`rank ${rank} ended the stream with an error: ${text}`, { rank, communicator, cause: original })
}

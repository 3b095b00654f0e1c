import { FileError, FreedError, RemoteError, type RxmpiError } from '../errors.js'

/** A failure as it is told to the other ranks. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly path?: string | undefined
  readonly reason?: string | undefined
  readonly offset?: number | undefined
}

export function failureOf(error: unknown): Failure {
  const { name = 'Error', message = String(error), path, reason, offset } = Object(error) as Partial<FileError>
  return { name, message: message.replace(/ \(rank \d+[^()]*\)$/, ''), path, reason, offset }
}

/** The same on another rank, or for all: it says whose it was. */
export function failedOn(rank: number, { name, message, path, reason, offset }: Failure): RxmpiError {
  const cause = Object.assign(new Error(message), { name })
  if (path !== undefined && reason !== undefined) return new FileError(`on rank ${rank}: ${message}`, { path, reason, offset, cause })
  if (name === 'FreedError') return new FreedError(message.replace('on this rank', `on rank ${rank}`))
  return new RemoteError(`rank ${rank} has failed in the same call: ${name}: ${message}`, { cause })
}

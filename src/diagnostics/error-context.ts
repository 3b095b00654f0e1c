import { type ErrorContext, FileError, RankFailedError, RxmpiError } from '../errors.js'
import { type CallSite, frames, locate } from './call-site.js'

/** The same error, told where it happened: rank, communicator and the user's line; its stack is the call's. */
export function inContext(error: unknown, context: ErrorContext, site: CallSite | undefined): Error {
  if (!(error instanceof RxmpiError)) return error as Error
  if (error.communicator !== undefined) return error
  const type = error.constructor as new (message: string, context: ErrorContext) => RxmpiError
  const located = new type(error.message, { ...detailsOf(error), ...context, callSite: locate(site), cause: error.cause })
  const calls = frames(site)
  if (calls.length > 0) located.stack = [`${located.name}: ${located.message}`, ...calls].join('\n')
  return located
}

/** What an error of its class says beside the message. */
function detailsOf(error: RxmpiError): object {
  if (error instanceof RankFailedError) return { failed: error.failed }
  return error instanceof FileError ? { path: error.path, reason: error.reason, offset: error.offset } : {}
}

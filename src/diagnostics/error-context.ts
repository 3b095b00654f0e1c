import { type ErrorContext, type FailureContext, RankFailedError, RxmpiError } from '../errors.js'
import { type CallSite, frames, locate } from './call-site.js'

/** The same error, told where it happened: rank, communicator and the user's line; its stack is the call's. */
export function inContext(error: unknown, context: ErrorContext, site: CallSite | undefined): Error {
  if (!(error instanceof RxmpiError)) return error as Error
  if (error.communicator !== undefined) return error
  const type = error.constructor as new (message: string, context: FailureContext) => RxmpiError
  const failed = error instanceof RankFailedError ? error.failed : undefined
  const located = new type(error.message, { ...context, callSite: locate(site), cause: error.cause, failed })
  const calls = frames(site)
  if (calls.length > 0) located.stack = [`${located.name}: ${located.message}`, ...calls].join('\n')
  return located
}

import { type ErrorContext, RxmpiError } from '../errors.js'
import { type CallSite, frames, locate } from './call-site.js'

/**
 * The same error, with what its class says beside the message, told where it happened: rank, communicator and the user's line; its stack is
 * the call's.
 */
export function inContext(error: unknown, context: ErrorContext, site: CallSite | undefined): Error {
  if (!(error instanceof RxmpiError)) return error as Error
  if (error.communicator !== undefined) return error
  const type = error.constructor as new (message: string, context: ErrorContext) => RxmpiError
  const located = new type(error.message, { ...error, ...context, callSite: locate(site), cause: error.cause })
  const calls = frames(site)
  if (calls.length > 0) located.stack = [`${located.name}: ${located.message}`, ...calls].join('\n')
  return located
}

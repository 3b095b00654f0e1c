import { AbortError, TimeoutError } from './errors.js'
import type { Request } from './request.js'

/** What an AbortSignal does to a call. */

export function abortError(signal: AbortSignal): Error {
  const timeout = signal.reason?.name === 'TimeoutError'
  const reason = String(signal.reason?.message ?? signal.reason)
  return new (timeout ? TimeoutError : AbortError)(`the call's signal was aborted: ${reason}`, { cause: signal.reason })
}

export function onAbort(signal: AbortSignal, abandon: (error: Error) => void): () => void {
  const listener = (): void => abandon(abortError(signal))
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

export function abandonOn(signal: AbortSignal, request: Request<unknown>, abandon: (error: Error) => void): void {
  if (!request.settled) request.onSettled(onAbort(signal, abandon))
}

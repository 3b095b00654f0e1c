import { AbortError, TimeoutError } from '../errors.js'
import type { Request } from './request.js'

/** What an AbortSignal does to a call. */

export function abortError(signal: AbortSignal): Error {
  const timeout = signal.reason?.name === 'TimeoutError'
  const reason = String(signal.reason?.message ?? signal.reason)
  return new (timeout ? TimeoutError : AbortError)(`the call's signal was aborted: ${reason}`, { cause: signal.reason })
}

/**
 * The calls of this thread that a signal can still end, which is therefore no proof that they wait for ever: nobody can tell whether a
 * signal will fire. And Node's own timers of signals keep no event loop open.
 */
export const endable = {
  count: 0,
  /** One is over. */
  onSettled: (): void => undefined
}

/**
 * The calls that end with a signal. Many may share one, and Node takes more than ten listeners of it for a leak: so there is one for all.
 */
const waiting = new WeakMap<AbortSignal, Set<(error: Error) => void>>()

function abandonAll({ currentTarget }: Event): void {
  const signal = currentTarget as AbortSignal
  // Each has an error of its own, which is told where its call was.
  for (const abandon of waiting.get(signal)!) abandon(abortError(signal))
}

export function onAbort(signal: AbortSignal, abandon: (error: Error) => void): () => void {
  const calls = waiting.get(signal) ?? new Set()
  waiting.set(signal, calls)
  if (calls.size === 0) signal.addEventListener('abort', abandonAll)
  const call = (error: Error): void => abandon(error)
  calls.add(call)
  endable.count++
  return () => {
    if (!calls.delete(call)) return
    if (calls.size === 0) signal.removeEventListener('abort', abandonAll)
    endable.count--
    endable.onSettled()
  }
}

export function abandonOn(signal: AbortSignal, request: Request<unknown>, abandon: (error: Error) => void): void {
  if (!request.settled) request.onSettled(onAbort(signal, abandon))
}

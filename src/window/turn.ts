import type { Request } from '../request/request.js'

/**
 * A call that is done when it returns gives a promise that is resolved: a program that does nothing but await such calls, as one does that
 * looks again and again whether another rank has written something, would give the event loop no turn, and serve nobody.
 */

const DONE = Promise.resolve()
const CALLS = 256
let calls = 0

/** A promise that is resolved; now and then only when the event loop has had a turn. */
export function done(): Promise<void> {
  if (++calls < CALLS) return DONE
  calls = 0
  return new Promise((resolve) => setImmediate(resolve))
}

/** The same with a value. */
export function doneWith<T>(value: T): Promise<T> {
  if (++calls < CALLS) return Promise.resolve(value)
  calls = 0
  return new Promise((resolve) => setImmediate(resolve, value))
}

/** What a call gives that may be over when it returns. */
export function awaited<T>(request: Request<T>): Promise<T> {
  const promise = request.wait()
  if (!request.settled || request.failed || ++calls < CALLS) return promise
  calls = 0
  return new Promise((resolve) => setImmediate(resolve, promise))
}

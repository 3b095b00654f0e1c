import { Observable } from 'rxjs'
import type { Done } from './done.js'

/** A call with a callback, made at subscription. */
export const called = <T>(call: (done: Done<T>) => void): Observable<T> =>
  new Observable((subscriber) =>
    call((error, value) => {
      if (error !== null) return subscriber.error(error)
      subscriber.next(value)
      subscriber.complete()
    })
  )

/** How a source has fared: its value, or its error. */
export const settled = <T>(source: Observable<T>): Observable<{ error?: unknown; value?: T }> =>
  new Observable((subscriber) =>
    source.subscribe({
      next: (value) => {
        subscriber.next({ value })
        subscriber.complete()
      },
      error: (error) => {
        subscriber.next({ error })
        subscriber.complete()
      }
    })
  )

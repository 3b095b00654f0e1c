import { type MonoTypeOperatorFunction, Observable } from 'rxjs'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import { Request } from '../request/request.js'
import { presentDemand, under } from '../stream/internal.js'
import { Mutex } from './mutex.js'
import { Semaphore } from './semaphore.js'

/**
 * Subscribes to the source when it holds a lock, and gives that back when the source has ended or is unsubscribed from.
 *
 *     held by another rank        ----|
 *     source, from then on            a--b|
 *     out                         ----a--b|
 *
 * `lock` is a mutex, a semaphore, or a function that gives a request for what is to be held,
 * such as `() => win.ilock(1)`.
 *
 * Shape: T → T. Cost: that of the lock, and none a value. Errors: ArgumentError when it is made; those of `acquire`; the source's, after it
 * is given back. For one turn of each rank, in their order, see `sequential`.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { locked, Mutex } from 'rxmpi/sync'
 * import { setTimeout } from 'node:timers/promises'
 * import { concatMap, from, lastValueFrom } from 'rxjs'
 *
 * const mutex = await Mutex.create(comm)
 * // The lines of one rank come without another's between.
 * const lines$ = from(['a', 'b']).pipe(concatMap((line) => setTimeout(2, line)))
 * await lastValueFrom(lines$.pipe(locked(mutex)))
 * console.log(mutex.held) // [0] 0 [1] 0
 * await mutex.close()
 * ```
 */
export function locked<T>(lock: Mutex | Semaphore | (() => Request<Disposable>)): MonoTypeOperatorFunction<T> {
  if (!(lock instanceof Mutex || lock instanceof Semaphore || typeof lock === 'function')) {
    throw new ArgumentError(`lock: expected a Mutex, a Semaphore or a function that gives a request, got ${shown(lock)}`)
  }
  const acquire: () => Request<Disposable> = typeof lock === 'function' ? lock : () => lock.iacquire()
  return (source) =>
    new Observable((subscriber) => {
      // The source is subscribed to later, for the demand of now.
      const demand = presentDemand()
      const request = acquire()
      if (!(request instanceof Request)) throw new ArgumentError(`lock: expected the function to give a request, got ${shown(request)}`)
      let held: Disposable | undefined
      const release = (): void => {
        held?.[Symbol.dispose]()
        held = undefined
      }
      request.subscribe({
        next: (value) => {
          if (subscriber.closed) return value[Symbol.dispose]()
          held = value
          subscriber.add(release)
          const inner = under(demand, () =>
            source.subscribe({
              next: (each) => subscriber.next(each),
              error: (error) => {
                release()
                subscriber.error(error)
              },
              complete: () => {
                release()
                subscriber.complete()
              }
            })
          )
          subscriber.add(inner)
        },
        error: (error) => subscriber.error(error)
      })
      subscriber.add(() => request.cancel())
    })
}

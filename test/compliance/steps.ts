import { Observable, Subscription } from 'rxjs'

/** A program in steps, or a part of one. */
export type Steps<T> = Generator<Observable<unknown>, T, unknown>

/**
 * A program in steps: it yields what it waits for and gets the last value of that back, or its error thrown. What an async function is to
 * promises, and goes on in virtual time, too.
 */
export function steps<T>(program: () => Steps<T>): Observable<T> {
  return new Observable((subscriber) => {
    const run = program()
    const current = new Subscription()
    const go = (step: () => IteratorResult<Observable<unknown>, T>): void => {
      let result: IteratorResult<Observable<unknown>, T>
      try {
        result = step()
      } catch (error) {
        subscriber.error(error)
        return
      }
      if (result.done) {
        subscriber.next(result.value)
        subscriber.complete()
        return
      }
      let last: unknown
      current.add(
        result.value.subscribe({
          next: (emitted) => {
            last = emitted
          },
          error: (error) => go(() => run.throw(error)),
          complete: () => go(() => run.next(last))
        })
      )
    }
    go(() => run.next(undefined))
    return current
  })
}

/** A step: what it gives has a type, which `yield` alone does not tell. */
export function* wait<T>(source: Observable<T>): Steps<T> {
  return (yield source) as T
}

import { isObservable, Observable, type ObservableInput, Subscription } from 'rxjs'

/**
 * A program in steps: it yields what it waits for and gets the last value of that back, or its error thrown. What an async function is to
 * promises, and goes on in virtual time, too.
 */
export function steps<T>(program: () => Generator<ObservableInput<unknown> | undefined, T, never>): Observable<T> {
  return new Observable((subscriber) => {
    const run = program()
    const current = new Subscription()
    const go = (step: () => IteratorResult<unknown, T>): void => {
      let result: IteratorResult<unknown, T>
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
      const { value } = result
      if (!isObservable(value)) throw new TypeError('a step is an Observable')
      let last: unknown
      current.add(
        value.subscribe({
          next: (emitted) => {
            last = emitted
          },
          error: (error) => go(() => run.throw(error)),
          complete: () => go(() => run.next(last as never))
        })
      )
    }
    go(() => run.next(undefined as never))
    return current
  })
}

import { Observable } from 'rxjs'

/**
 * A program of steps that reads like one that awaits, and runs in virtual time, too: `const value = yield* step(request)`. It emits what
 * the generator returns.
 */
export function script<T>(program: () => Generator<Observable<unknown>, T, unknown>): Observable<T> {
  return new Observable((subscriber) => {
    const run = program()
    let resume: (() => IteratorResult<Observable<unknown>, T>) | undefined = () => run.next()
    let isRunning = false
    /** A loop and no recursion: what is there at once goes on at once. */
    const advance = (): void => {
      if (isRunning) return
      isRunning = true
      while (resume !== undefined && !subscriber.closed) {
        const go = resume
        resume = undefined
        try {
          const result = go()
          if (result.done === true) {
            subscriber.next(result.value)
            subscriber.complete()
          } else wait(result.value)
        } catch (error) {
          subscriber.error(error)
        }
      }
      isRunning = false
    }
    const wait = (source: Observable<unknown>): void => {
      let last: unknown
      const then = (next: () => IteratorResult<Observable<unknown>, T>): void => {
        resume = next
        advance()
      }
      source.subscribe({
        next: (value) => {
          last = value
        },
        error: (error) => then(() => run.throw(error)),
        complete: () => then(() => run.next(last))
      })
    }
    advance()
  })
}

/** Waits for the last value of a source. */
export function* step<T>(source: Observable<T>): Generator<Observable<T>, T, unknown> {
  return (yield source) as T
}

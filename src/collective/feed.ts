import { from, isObservable, type ObservableInput, Subject, type Subscription, takeUntil } from 'rxjs'

/** Who takes values, and calls `pull` when it has room for one more. */
interface Taking<T> {
  give(value: T): void
  end(error?: Error): void
  pull: (() => void) | undefined
}

/** Gives a source's values, as long as the subscription lasts: those of an iterable when there is room for them, those of anything else when they come. */
export function feed<T>(source: ObservableInput<T>, session: Taking<T>, subscription: Subscription): void {
  if (subscription.closed) return
  if (!isObservable(source)) {
    if (Symbol.asyncIterator in source) return pullLater(source[Symbol.asyncIterator](), session, subscription)
    if (Symbol.iterator in source) return pull(source[Symbol.iterator](), session, subscription)
  }
  const over = new Subject<void>()
  subscription.add(() => over.next())
  from(source)
    .pipe(takeUntil(over))
    .subscribe({
      next: (value) => session.give(value),
      error: (error) => session.end(error),
      complete: () => {
        if (!subscription.closed) session.end()
      }
    })
}

function pull<T>(iterator: Iterator<T>, session: Taking<T>, subscription: Subscription): void {
  subscription.add(() => {
    session.pull = undefined
    iterator.return?.()
  })
  session.pull = () => {
    try {
      const { done, value } = iterator.next()
      if (!done) return session.give(value)
      session.pull = undefined
      session.end()
    } catch (error) {
      session.pull = undefined
      session.end(error as Error)
    }
  }
  session.pull()
}

function pullLater<T>(iterator: AsyncIterator<T>, session: Taking<T>, subscription: Subscription): void {
  let asking = false
  subscription.add(() => {
    session.pull = undefined
    void iterator.return?.()
  })
  const fail = (error: unknown): void => {
    if (subscription.closed) return
    session.pull = undefined
    session.end(error as Error)
  }
  session.pull = () => {
    if (asking) return
    asking = true
    iterator.next().then(({ done, value }) => {
      asking = false
      if (subscription.closed) return
      if (!done) return session.give(value)
      session.pull = undefined
      session.end()
    }, fail)
  }
  session.pull()
}

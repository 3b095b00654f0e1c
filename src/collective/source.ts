import { isObservable, type ObservableInput, Subscriber, type Subscription } from 'rxjs'
import { both, type Demand, Gate, presentDemand, under } from '../stream/demand.js'
import { isAsyncIterable, isIterable, pull } from '../stream/pull.js'
import { packedValue } from './packed-value.js'

/** Who takes values, and calls `pull` when it has room for one more. */
interface Taking<T> {
  give(value: T): void
  end(error?: Error): void
  pull: (() => void) | undefined
}

/**
 * Gives a source's values, as long as the subscription lasts: those of sources that can wait (iterables, `pull`, `receiveFrom`, also behind
 * operators) when there is room for them here and for the results downstream, those of anything else when they come.
 */
export function feed<T>(source: ObservableInput<T>, session: Taking<T>, subscription: Subscription): void {
  if (subscription.closed) return
  const outer = presentDemand()
  if (!isObservable(source) && isIterable<T>(source) && !isAsyncIterable(source))
    return iterate(source[Symbol.iterator](), session, subscription, outer)
  let wanted = true
  const gate = new Gate(() => wanted)
  let taken: T
  const give = (): void => session.give(taken)
  const inner = new Subscriber<T>({
    next(value: T) {
      wanted = false
      taken = packedValue(value)
      // What follows from the value is for whoever reads the results.
      under(outer, give)
    },
    error: (error: Error) => under(outer, () => session.end(error)),
    complete: () => under(outer, () => session.end())
  })
  session.pull = () => {
    wanted = true
    gate.notify()
  }
  inner.add(() => {
    session.pull = undefined
  })
  subscription.add(inner)
  under(both(gate, outer), () => pull(source).subscribe(inner))
}

/** An iterable by itself, as the others, without what makes a value cost twice as much. */
function iterate<T>(iterator: Iterator<T>, session: Taking<T>, subscription: Subscription, outer: Demand | undefined): void {
  let stopWaiting: (() => void) | undefined
  subscription.add(() => {
    session.pull = undefined
    stopWaiting?.()
    iterator.return?.()
  })
  const resume = (): void => {
    stopWaiting = undefined
    session.pull?.()
  }
  session.pull = () => {
    if (outer?.open === false) {
      stopWaiting ??= outer.wait(resume)
      return
    }
    try {
      const { done, value } = iterator.next()
      if (!done) return session.give(packedValue(value))
      session.pull = undefined
      session.end()
    } catch (error) {
      session.pull = undefined
      session.end(error as Error)
    }
  }
  session.pull()
}

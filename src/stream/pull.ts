import { from, isObservable, Observable, type ObservableInput, type Subscriber } from 'rxjs'
import { type Demand, lend, presentDemand, under } from './demand.js'

/** `pull` of the operators; there it is documented. */
export function pull<T>(source: ObservableInput<T>): Observable<T> {
  if (isObservable(source)) return source
  if (isAsyncIterable<T>(source)) return new Observable((subscriber) => pullAsync(source[Symbol.asyncIterator](), subscriber))
  if (isIterable<T>(source)) return new Observable((subscriber) => pullSync(source[Symbol.iterator](), subscriber))
  return from(source)
}

function pullSync<T>(iterator: Iterator<T>, subscriber: Subscriber<T>): void {
  const demand = presentDemand()
  let stopWaiting: (() => void) | undefined
  let exhausted = false
  let stepping = false
  const emit = (value: T): void => subscriber.next(value)
  const run = (): void => {
    stopWaiting = undefined
    try {
      while (!subscriber.closed) {
        if (demand?.open === false) {
          stopWaiting = demand.wait(run)
          return
        }
        stepping = true
        const { value, done } = iterator.next()
        stepping = false
        if (done) {
          exhausted = true
          under(demand, () => subscriber.complete())
        } else if (subscriber.closed) close()
        else lend(demand, value, emit)
      }
    } catch (error) {
      exhausted ||= stepping
      subscriber.error(error)
    }
  }
  const close = (): void => {
    stopWaiting?.()
    // A generator cannot be ended from within.
    if (exhausted || stepping) return
    exhausted = true
    iterator.return?.()
  }
  subscriber.add(close)
  run()
}

function pullAsync<T>(iterator: AsyncIterator<T>, subscriber: Subscriber<T>): void {
  const demand: Demand | undefined = presentDemand()
  let stopWaiting: (() => void) | undefined
  let exhausted = false
  const emit = (value: T): void => subscriber.next(value)
  const fail = (error: unknown): void => {
    exhausted = true
    subscriber.error(error)
  }
  const take = ({ value, done }: IteratorResult<T>): void => {
    if (subscriber.closed) return
    if (done) {
      exhausted = true
      under(demand, () => subscriber.complete())
    } else {
      lend(demand, value, emit)
      run()
    }
  }
  const run = (): void => {
    stopWaiting = undefined
    if (subscriber.closed) return
    if (demand?.open === false) stopWaiting = demand.wait(run)
    else iterator.next().then(take, fail)
  }
  subscriber.add(() => {
    stopWaiting?.()
    if (exhausted) return
    exhausted = true
    // Nobody is left who could be told that it could not be closed.
    iterator.return?.()?.then(undefined, () => undefined)
  })
  run()
}

export const isAsyncIterable = <T>(source: unknown): source is AsyncIterable<T> =>
  typeof (source as AsyncIterable<T> | null)?.[Symbol.asyncIterator] === 'function'

export const isIterable = <T>(source: unknown): source is Iterable<T> =>
  typeof (source as Iterable<T> | null)?.[Symbol.iterator] === 'function'

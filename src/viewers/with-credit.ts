import { type MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs'
import { OverflowError } from '../errors.js'
import { Queue } from '../memory/queue.js'
import type { Overflow } from '../stream/overflow-policy.js'

/** What becomes of values that come while there is no credit. */
export interface CreditPolicy {
  /** As of streams between ranks. */
  readonly overflow: Overflow
  /** Values that may wait. */
  readonly highWaterMark: number
}

/**
 * Lets as many values through as there is credit for; the others wait or go, as the policy says.
 *
 *     credit     1--------1--1----
 *     source     a--b--c-----d--|
 *     'latest'   a--------c--d--|
 *
 * What waits when the source ends comes before the end, as there is credit for it. An overflow fails at once.
 */
export function withCredit<T>(credit$: Observable<number>, { overflow, highWaterMark }: CreditPolicy): MonoTypeOperatorFunction<T> {
  const most = overflow === 'latest' ? 1 : overflow === 'error' ? 0 : highWaterMark
  return (source) =>
    new Observable((subscriber) => {
      const waiting = new Queue<T>()
      let credit = 0
      let end: (() => void) | undefined
      const flush = (): void => {
        while (credit > 0 && waiting.length > 0 && !subscriber.closed) {
          credit--
          subscriber.next(waiting.shift())
        }
        if (waiting.length === 0) end?.()
      }
      subscriber.add(
        credit$.subscribe((more) => {
          credit += more
          flush()
        })
      )
      const ended = (how: () => void): void => {
        end = how
        flush()
      }
      const take = (value: T): void => {
        if (credit === 0 && waiting.length >= most && !makeRoom()) return
        waiting.push(value)
        flush()
      }
      /** Whether the value that comes now may wait. */
      const makeRoom = (): boolean => {
        if (overflow === 'buffer' || overflow === 'error') {
          subscriber.error(new OverflowError(`values come faster than they are taken: ${waiting.length} wait, and there is no credit`))
        } else if (overflow !== 'dropNewest' && waiting.length > 0) {
          waiting.shift()
          return true
        }
        return false
      }
      const inner = new Subscriber<T>({
        next: take,
        error: (error: unknown) => ended(() => subscriber.error(error)),
        complete: () => ended(() => subscriber.complete())
      })
      subscriber.add(inner)
      source.subscribe(inner)
    })
}

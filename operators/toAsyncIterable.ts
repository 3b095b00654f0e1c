import type { Observable } from 'rxjs'
import { Gate, under } from '../src/stream/internal.js'

/**
 * The values of a stream for `for await`. The next is asked for when the loop comes back for it, so the loop's own slowness holds up
 * sources that can wait
 * (`receiveFrom`, `pull`); others are queued. Leaving the loop unsubscribes.
 *
 * Shape: Observable of T → async iterable of T; each loop is a subscription of its own. Errors: the stream's, thrown in the loop.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * if (comm.rank === 0) mpi.sendTo(comm, { dest: 1 })(['a', 'b', 'c']).subscribe()
 * if (comm.rank === 1) {
 *   for await (const letter of mpi.toAsyncIterable(mpi.receiveFrom(comm, { source: 0 }))) {
 *     console.log(letter) // [1] a [1] b
 *     if (letter === 'b') break // rank 0 stops
 *   }
 * }
 * ```
 */
export function toAsyncIterable<T>(source: Observable<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(source) }
}

async function* iterate<T>(source: Observable<T>): AsyncGenerator<T, void> {
  const values: T[] = []
  let ended: { error?: unknown } | undefined
  let wake: () => void = () => undefined
  let asked = false
  const gate = new Gate(() => asked && values.length === 0)
  const subscription = under(gate, () =>
    source.subscribe({
      next(value) {
        values.push(value)
        wake()
      },
      error(error) {
        ended = { error }
        wake()
      },
      complete() {
        ended = {}
        wake()
      }
    })
  )
  try {
    for (;;) {
      while (values.length > 0) yield values.shift()!
      if (ended !== undefined) break
      asked = true
      gate.notify()
      if (values.length === 0 && ended === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      asked = false
    }
  } finally {
    subscription.unsubscribe()
  }
  if ('error' in ended) throw ended.error
}

import type { ObservableInput } from 'rxjs'
import { ArgumentError, checkOptions, type OptionNames, Ref } from '../src/stream/internal.js'

/**
 * A stream as a value: it can be sent in any message, by itself or within an object, and what arrives is an Observable. Subscribing to it
 * there subscribes to the source here, with the credit, completion, errors and unsubscription of any stream between ranks.
 *
 *     source, here             a--b--c--|
 *     subscribed at 4 ms       --------a--b--c--|
 *     source subscribed        ------^--------!
 *
 * Each time it is sent it can be subscribed to once, after a `bcast` or `allgather` once on every rank, within `timeout` ms (default
 * 30,000); until then it keeps this rank alive. Sources that can wait do, others are buffered.
 *
 * Shape: Observable of T → a value → Observable of T. Cost: a round trip before the first value. Errors, at the subscriber: ArgumentError
 * when it was subscribed to before; RemoteError when somebody else has, or the time is over, and for the source's own; RankFailedError.
 * Pekko and Akka: SourceRef.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { of, type Observable } from 'rxjs'
 *
 * if (comm.rank === 0) await comm.send({ title: 'letters', letters: mpi.ref(of('a', 'b')) }, { dest: 1 })
 * if (comm.rank === 1) {
 *   const { title, letters } = await comm.recv<{ title: string; letters: Observable<string> }>()
 *   letters.subscribe((letter) => console.log(title, letter)) // [1] letters a [1] letters b
 * }
 * ```
 */
export function ref<T>(source: ObservableInput<T>, options: { timeout?: number } = {}): Ref<T> {
  checkOptions(options, OPTIONS, '{ timeout: 1000 }')
  const { timeout } = options
  if (timeout !== undefined && !(timeout > 0))
    throw new ArgumentError(`timeout: expected milliseconds, more than 0, got ${String(timeout)}`)
  return new Ref(source, timeout)
}

const OPTIONS: OptionNames<{ timeout?: number }> = { timeout: true }

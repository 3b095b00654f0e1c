import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { both, presentDemand, under } from './demand.js'
import type { OverflowPolicy } from './overflow-policy.js'
import { pull } from './pull.js'
import type { Writer } from './writer.js'

/** A source on its way out: passes its values on as they are taken, ends as it does, or completes when its reader leaves. */
export function writeSource<T>(
  comm: CommunicatorCore,
  source: ObservableInput<T>,
  open: () => { writer: Writer; valve: OverflowPolicy },
  site: CallSite | undefined,
  signal?: AbortSignal
): Observable<T> {
  return new Observable((subscriber) => {
    const { writer, valve } = open()
    let failure: { error: unknown } | undefined
    const end = (): void => (failure === undefined ? subscriber.complete() : subscriber.error(failure.error))
    const fail = (error: unknown): void => {
      failure = { error: comm.inContext(error, site) }
      writer.error(failure.error)
      end()
    }
    const inner = new Subscriber<T>({
      next(value: T) {
        let taken: boolean
        try {
          taken = valve.next(value)
        } catch (error) {
          return fail(error)
        }
        if (taken) subscriber.next(value)
      },
      error: fail,
      complete: () => writer.complete()
    })
    subscriber.add(inner)
    subscriber.add(() => writer.complete())
    writer.start({ cancelled: end, failed: (error) => subscriber.error(error), finished: end }, site)
    if (signal?.aborted) return fail(abortError(signal))
    if (signal !== undefined) subscriber.add(onAbort(signal, fail))
    if (!subscriber.closed) under(both(writer.gate, presentDemand()), () => pull(source).subscribe(inner))
  })
}

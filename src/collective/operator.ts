import { Observable, type ObservableInput } from 'rxjs'
import { checkObject, checkSignal, shown } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { checkNames } from '../diagnostics/option-names.js'
import { ArgumentError, RemoteError } from '../errors.js'
import type { AnyOp } from '../op/op.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { type Call, type CallOptions, optionsOf, STREAM, signatureOf } from './call.js'
import type { CallRegistry } from './call-registry.js'
import type { Caller, Definition, GivenPlan, Make, StreamOptions } from './definition.js'
import { optionNamesOf } from './option-names.js'
import { Session } from './session.js'
import { feed } from './source.js'

/**
 * From a rank's stream of values to its stream of results. It takes what RxJS takes for a source, and pulls an iterable as rounds go on.
 */
export type CollectiveOperator<T, R> = (source: ObservableInput<T>) => Observable<R>

function checkCaller(comm: unknown): void {
  if ((comm as Partial<Caller> | null | undefined)?.core?.endpoint !== undefined) return
  throw inContext(new ArgumentError(`comm: expected a communicator, got ${shown(comm)}`), {}, captureCallSite())
}

/** Calls a collective on streams: at this call its place in the order is taken, and each subscription is a run of it. */
export function operator<T, R>(
  comm: Caller,
  make: Make<T, R>,
  options: StreamOptions & GivenPlan & CallOptions,
  op?: AnyOp
): CollectiveOperator<T, R> {
  checkCaller(comm)
  let collective: Definition<T, R>
  let calls: CallRegistry
  let call: Call
  const { core } = comm
  try {
    checkStream(options)
    calls = comm.calls
    collective = calls.define(make, { ...options, root: calls.rootOf(options.root) }, op)
    checkNames(options, optionNamesOf(collective.name))
    const own = optionsOf(options)
    collective.checkOptions?.(own)
    if (options.signal?.aborted) throw abortError(options.signal)
    call = calls.next(signatureOf(collective, options), STREAM, captureCallSite(), own)
  } catch (error) {
    throw core.inContext(error, captureCallSite())
  }
  return (source) =>
    new Observable((subscriber) => {
      const fail = (error: Error): void => subscriber.error(error instanceof RemoteError ? error : core.inContext(error, call.site))
      const session = new Session(calls, call, collective, {
        emit: (result) => subscriber.next(result),
        finish: () => subscriber.complete(),
        fail,
        giveUp: (makeError) => void makeError(call.site).then(fail)
      })
      const { signal } = options
      if (signal?.aborted) session.abort(abortError(signal))
      else if (signal !== undefined) subscriber.add(onAbort(signal, (error) => session.abort(error)))
      subscriber.add(() => session.unsubscribed())
      feed(source, session, subscriber)
      session.fed()
    })
}

function checkStream(options: StreamOptions): void {
  checkObject(options, "{ ragged: 'truncate' }")
  const { ragged = 'error', window = 1, signal } = options
  if (!['error', 'truncate', 'rest'].includes(ragged)) {
    throw new ArgumentError(`ragged: expected 'error', 'truncate' or 'rest', got ${shown(ragged)}`)
  }
  if (!Number.isInteger(window) || window < 1) throw new ArgumentError(`window: expected an integer from 1 on, got ${shown(window)}`)
  if (signal !== undefined) checkSignal(signal)
  if ('into' in options) throw new ArgumentError('into: operators give each round its own result; use the method to receive in place')
}

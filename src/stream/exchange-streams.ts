import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import type { CallSite } from '../diagnostics/call-site.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { all, type Demand, presentDemand, under } from './demand.js'
import type { OutflowOptions } from './options.js'
import { OverflowPolicy } from './overflow-policy.js'
import { pull } from './pull.js'
import type { Prefetch } from './reader.js'
import type { StreamCall, StreamRegistry } from './stream-registry.js'

/** Who exchanges streams with whom: one to each of `dests`, one from each of `sources`. */
export interface ExchangeOptions {
  readonly dests: readonly number[]
  readonly sources: readonly number[]
  readonly tag: number
  readonly outflow: Required<OutflowOptions>
  readonly prefetch: Prefetch
  readonly signal: AbortSignal | undefined
}

/** What one subscription has of its streams. */
export interface Exchange<R, M> {
  /** Who reads the results, and how much it has room for. */
  readonly subscriber: Subscriber<R>
  readonly outer: Demand | undefined
  /** Open while each of the streams can take a value. */
  readonly room: Demand
  /** Sends to the k-th of `dests`; beyond its credit as `outflow` says. */
  send(k: number, message: M): void
  /** The source is of no use any more. */
  stop(): void
  /** Runs what may throw: that is everybody's error. */
  attempt(act: () => void): void
}

/** What an operator makes of its exchange. */
export interface Exchanger<T, M> {
  /** The source is asked for values while this is open; by default while all streams have room. */
  readonly demand?: Demand
  /** The k-th of `sources` is read while this is open; by default while the subscriber has room. */
  readonly reads?: readonly Demand[]
  /** A value of the source. */
  next(value: T): void
  /** The source has completed; the streams do, too, when this has returned. */
  complete?(): void
  /** Something has come from the k-th of `sources`. */
  receive(k: number, message: M): void
  /** All has come from it. */
  received(k: number): void
  /** A reader has left. */
  left?(): void
  /** All has been sent to one of `dests`. */
  sent?(): void
}

/**
 * Streams from each rank to others, and from others, in one Observable: subscribes to the source when all streams are open, ends them as it
 * does, and with the subscription. An error, of the source, a stream, or what the operator does, or the abortion, is the error of all: of
 * the subscriber here, and on the other ranks as RemoteError.
 */
export function exchangeStreams<T, M, R>(
  registry: StreamRegistry,
  { dests, sources, tag, outflow, prefetch, signal }: ExchangeOptions,
  site: CallSite | undefined,
  connect: (exchange: Exchange<R, M>) => Exchanger<T, M>
): (source: ObservableInput<T>) => Observable<R> {
  const { comm } = registry
  const outs: StreamCall[] = dests.map((rank) => registry.writes(comm.memberOf(rank), tag, site))
  const ins: StreamCall[] = sources.map((rank) => registry.reads(comm.memberOf(rank), tag, site))
  return (source) =>
    new Observable((subscriber) => {
      const outer = presentDemand()
      const writers = outs.map((call) => registry.writer(call))
      const readers = ins.map((call) => registry.reader<M>(call))
      const valves = writers.map((writer) => new OverflowPolicy(writer, comm, outflow.overflow, outflow.highWaterMark, undefined))
      const room = all(writers.map(({ gate }) => gate))
      let failing = false
      const fail = (error: unknown): void => {
        failing = true
        const told = comm.inContext(error, site)
        for (const writer of writers) writer.error(told)
        subscriber.error(told)
      }
      const attempt = (act: () => void): void => {
        try {
          act()
        } catch (error) {
          fail(error)
        }
      }
      const inner = new Subscriber<T>({
        next(value: T) {
          try {
            exchanger.next(value)
          } catch (error) {
            fail(error)
          }
        },
        error: fail,
        complete: () =>
          attempt(() => {
            exchanger.complete?.()
            for (const writer of writers) writer.complete()
          })
      })
      const exchanger = connect({
        subscriber,
        outer,
        room,
        send: (k, message) => void valves[k]!.next(message),
        stop: () => inner.unsubscribe(),
        attempt
      })
      subscriber.add(inner)
      subscriber.add(() => {
        for (const writer of writers) writer.complete()
        for (const reader of readers) reader.cancel()
      })
      const written = {
        cancelled: () => exchanger.left?.(),
        failed: fail,
        finished: () => {
          if (!failing) exchanger.sent?.()
        }
      }
      for (const writer of writers) writer.start(written, site)
      if (signal?.aborted) return fail(abortError(signal))
      if (signal !== undefined) subscriber.add(onAbort(signal, fail))
      for (const [k, reader] of readers.entries()) {
        const events = {
          next: (message: M) => exchanger.receive(k, message),
          error: fail,
          complete: () => exchanger.received(k)
        }
        reader.start(events, prefetch, exchanger.reads?.[k] ?? outer, site)
      }
      if (!subscriber.closed) under(exchanger.demand ?? room, () => pull(source).subscribe(inner))
    })
}

import { asyncScheduler, concat, defer, EMPTY, ignoreElements, type Observable, of } from 'rxjs'
import type { Communicator } from 'rxmpi'
import { type SimulateOptions, simulate } from 'rxmpi/testing'

/** A message that crossed a link, in virtual time. */
export interface Message {
  from: number
  to: number
  sent: number
  arrived: number
  data: unknown
}

/** What a rank's pipeline emitted. */
export interface Emission<T> {
  at: number
  value: T
}

export interface Recording<T> {
  messages: Message[]
  /** Of each rank. */
  emitted: Emission<T>[][]
}

interface Recorded {
  frame: number
  notification: { kind: string; value?: unknown }
}

/** Runs a program on simulated ranks, and writes down what crossed the links and what came of it. */
export function record<T>(size: number, program: (comm: Communicator) => Observable<T>, options: SimulateOptions = {}): Recording<T> {
  const messages: Message[] = []
  const emitted: Emission<T>[][] = Array.from({ length: size }, () => [])
  const latency = (from: number, to: number): number => options.link?.(from, to).latency ?? options.latency ?? 1

  /** Stands where a test compares: what is expected says which link or rank it is, what is there is kept. */
  const keep = (actual: unknown, expected: unknown): void => {
    const values = (actual as Recorded[]).filter(({ notification }) => notification.kind === 'N')
    const { from, to, rank } = (expected as Recorded[])[0]!.notification.value as { from: number; to: number; rank?: number }
    for (const { frame, notification } of values) {
      if (rank !== undefined) emitted[rank]!.push({ at: frame, value: notification.value as T })
      else messages.push({ from, to, sent: frame - latency(from, to), arrived: frame, data: notification.value })
    }
  }

  simulate(size, { latency: 1, ...options, assert: keep }, ({ ranks, expectMessages, expectObservable }) => {
    const running = ranks(program)
    for (let from = 0; from < size; from++) {
      expectObservable(running[from]!).toBe('x', { x: { rank: from } })
      for (let to = 0; to < size; to++) if (from !== to) expectMessages(from, to).toBe('x', { x: { from, to } })
    }
  })
  return { messages: messages.sort((a, b) => a.sent - b.sent || a.from - b.from || a.to - b.to), emitted }
}

/** What each rank's call gave. */
export function results<T>(size: number, call: (comm: Communicator) => Observable<T>): (T | undefined)[] {
  return record(size, call).emitted.map((values) => values.at(-1)?.value)
}

export interface Span {
  what: string
  begin: number
  end: number
}

/** Runs `work` to its end, and tells when that was. */
export const span = (what: string, work: Observable<unknown>): Observable<Span> =>
  defer(() => {
    const begin = asyncScheduler.now()
    return concat(
      work.pipe(ignoreElements()),
      defer(() => {
        const end = asyncScheduler.now()
        return end > begin ? of({ what, begin, end }) : EMPTY
      })
    ) as Observable<Span>
  })

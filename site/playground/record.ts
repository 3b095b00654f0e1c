import { asyncScheduler, isObservable, type Observable, of } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { simulate } from '../../testing/simulate.js'

/** What somebody has chosen beside the program. */
export interface Setting {
  readonly ranks: number
  /** In milliseconds. */
  readonly latency: number
}

/** A message that crossed a link. Times are milliseconds of virtual time. */
export interface Message {
  readonly from: number
  readonly to: number
  readonly sent: number
  readonly arrived: number
  readonly data: unknown
}

/** What a rank's program has emitted, or how it has ended. */
export interface Emission {
  readonly rank: number
  readonly time: number
  readonly kind: 'next' | 'end' | 'error'
  readonly value?: unknown
}

export interface Recording {
  readonly messages: Message[]
  readonly emissions: Emission[]
}

type Program = (comm: Communicator) => unknown

interface Recorded {
  frame: number
  notification: { kind: 'N' | 'C' | 'E'; value?: unknown; error?: unknown }
}

const KINDS = { N: 'next', C: 'end', E: 'error' } as const

/** Runs a program on simulated ranks and writes down in `recording` what happens, as far as it comes: it may throw. */
export function record(program: Program, { ranks: size, latency }: Setting, { messages, emissions }: Recording): void {
  /** Stands where a test compares: what is expected says which rank or link it is, and what is there is kept. */
  const keep = (actual: unknown, expected: unknown): void => {
    const { rank, from, to } = (expected as Recorded[])[0]!.notification.value as { rank?: number; from: number; to: number }
    for (const { frame: time, notification } of actual as Recorded[]) {
      const { kind, value, error } = notification
      if (rank !== undefined) emissions.push({ rank, time, kind: KINDS[kind], value: kind === 'E' ? error : value })
      else if (kind === 'N') messages.push({ from, to, sent: time - latency, arrived: time, data: value })
    }
  }
  simulate(size, { latency, assert: keep }, ({ ranks, expectMessages, expectObservable }) => {
    for (let from = 0; from < size; from++)
      for (let to = 0; to < size; to++) if (from !== to) expectMessages(from, to).toBe('x', { x: { from, to } })
    for (const [rank, result] of ranks((comm) => streamOf(program(comm))).entries()) expectObservable(result).toBe('x', { x: { rank } })
  })
}

/** A program may return a value, or nothing at all. A promise is refused, with its reason. */
function streamOf(result: unknown): Observable<unknown> {
  const isPromise = typeof (result as PromiseLike<unknown> | undefined)?.then === 'function'
  if (isPromise || isObservable(result)) return result as Observable<unknown>
  return of(...(result === undefined ? [] : [result]))
}

/** Of the virtual time in which programs run. */
export const now = (): number => asyncScheduler.now()

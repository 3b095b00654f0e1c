import type * as rxmpi from '../../src/index.js'
import type * as layouts from '../../src/layout/index.js'
import type * as locks from '../../src/sync/index.js'
import type { SimulateOptions } from '../../testing/index.js'

/** The classes of the MPI Bugs Initiative, in its order. */
export const CLASSES = [
  'invalid parameter',
  'resource leak',
  'request life cycle',
  'local concurrency',
  'parameter matching',
  'message race',
  'call ordering',
  'global concurrency',
  'buffering hazard'
] as const

export type Class = (typeof CLASSES)[number]

/**
 * What is found of a program: an error, by its class; what is left over; a result that depends on the order of arrival; receives that could
 * have matched other messages; or that nothing has happened for a while.
 */
export type Finding =
  | `${string}Error`
  | 'left: message'
  | 'left: request'
  | 'left: lock'
  | 'left: not freed'
  | 'another result'
  | 'race'
  | 'stall notice'

/** All that a program may use; the same names wherever it runs. */
export type Tools = Pick<
  typeof rxmpi,
  | 'ANY_SOURCE'
  | 'ANY_TAG'
  | 'BAND'
  | 'MAX'
  | 'MIN'
  | 'PROC_NULL'
  | 'Persistent'
  | 'PROD'
  | 'Request'
  | 'Status'
  | 'SUM'
  | 'TAG_UB'
  | 'createOp'
> &
  Pick<typeof layouts, 'contiguous' | 'indexed' | 'struct' | 'subarray' | 'vector' | 'view'> &
  Pick<typeof locks, 'Condition' | 'Counter' | 'Mutex' | 'Semaphore'>

/** `yield` waits: for a request, and gives its value; for so many milliseconds; or for an observable's last value. */
// biome-ignore lint/suspicious/noExplicitAny: each step gets what it has waited for
export type Steps = Generator<unknown, unknown, any>

/** What runs on each rank. */
export type Body = (comm: rxmpi.Communicator, tools: Tools) => Steps

export interface Program {
  readonly name: string
  readonly class: Class
  readonly ranks: number
  /** What is wrong with it shows as this; absent where it is right. */
  readonly finds: Finding | undefined
  readonly body: Body
  readonly options: SimulateOptions
  /** It runs as a job too, with these options of `rxmpi run`; what shows there, if that is another finding. */
  readonly job: readonly string[] | undefined
  readonly jobFinds: Finding | undefined
  /** It waits for ever beside a timer or the work of others, so it is a job only. */
  readonly jobOnly: boolean
}

export interface More extends SimulateOptions {
  job?: readonly string[]
  jobFinds?: Finding
  jobOnly?: boolean
}

/** Adds programs of a class to a list. */
export class Writer {
  readonly programs: Program[] = []
  readonly #class: Class

  constructor(of: Class) {
    this.#class = of
  }

  readonly wrong = (name: string, ranks: number, finds: Finding, body: Body, more: More = {}): void => {
    this.#add(name, ranks, finds, body, more)
  }

  readonly right = (name: string, ranks: number, body: Body, more: More = {}): void => {
    this.#add(name, ranks, undefined, body, more)
  }

  #add(name: string, ranks: number, finds: Finding | undefined, body: Body, { job, jobFinds, jobOnly = false, ...options }: More): void {
    this.programs.push({ name, class: this.#class, ranks, finds, body, options, job, jobFinds, jobOnly })
  }
}

/** Longer than what is on its way at once: its send waits for the receive. */
export const LONG = 2 ** 15

import { Observable, type Observer, Subject } from 'rxjs'
import { type AnyNames, checkNames, type OptionNames } from '../src/diagnostics/option-names.js'
import { ArgumentError, RxmpiError } from '../src/errors.js'
import type { Overflow } from '../src/stream/overflow-policy.js'
import { readTicket, type Ticket } from '../src/viewers/ticket.js'
import { MAX_NAME } from '../src/viewers/wire.js'
import type { Dial } from './line.js'
import { Session } from './session.js'
import { StreamWriter } from './writer.js'

/** How a viewer takes a stream. */
export interface ViewOptions {
  /**
   * Values that may be on their way or wait here; default 2, one that is drawn and one that comes. What is beyond it the job drops, or
   * keeps, by the policy of its `publish`.
   */
  prefetch?: number
}

/** What becomes of values that the job does not take as fast as they come. */
export interface WriteOptions {
  /** Default `'latest'`: it takes the place of the one that waits. The others are as in the job's `publish`. */
  overflow?: Overflow
  /** Values that may wait; default 1024. */
  highWaterMark?: number
}

/** A running job, as one sees it who is no rank of it. */
export interface Job {
  /**
   * What the job publishes under a name. Subscribing asks for it, over one connection for all streams; unsubscribing gives it up. It
   * completes when the job's own stream does, or the job ends; a name that is published later is waited for. It fails with a RemoteError
   * of the job's own, an OverflowError where the policy says so, an AuthenticationError, and a RankFailedError where the job is out of
   * reach: subscribing again, by `retry({ delay: 1000 })`, connects again.
   */
  stream<T = unknown>(name: string, options?: ViewOptions): Observable<T>
  /**
   * An observer whose values the job's `subscribeTo` emits; it needs a ticket with the right to write. Values are plain data of at most
   * 256 KiB, or one typed array; `next` throws a DataCloneError for others. Each call makes one of its own. Where the connection is lost
   * the next value makes a new one, and those that were on their way are gone.
   */
  publish<T = unknown>(name: string, options?: WriteOptions): Observer<T>
  /** Why a connection was refused or lost, each time: for those who only publish. */
  readonly failures: Observable<Error>
  /** Ends the connection; streams complete. */
  close(): void
  /** Also at the end of a block, with `using`. */
  [Symbol.dispose](): void
}

const VIEW: OptionNames<ViewOptions> = { prefetch: true }
const WRITE: OptionNames<WriteOptions> = { overflow: true, highWaterMark: true }
const OVERFLOWS = ['buffer', 'error', 'dropOldest', 'dropNewest', 'latest']

/** A job over connections that `dial` makes. */
export class DialledJob implements Job {
  readonly #ticket: Ticket
  readonly #dial: Dial
  readonly #failures = new Subject<Error>()
  #session: Session | undefined
  #closed = false

  constructor(dial: Dial, ticket: string) {
    this.#dial = dial
    this.#ticket = readTicket(ticket)
  }

  get failures(): Observable<Error> {
    return this.#failures.asObservable()
  }

  stream<T>(name: string, options: ViewOptions = {}): Observable<T> {
    checkName(name)
    check(options, VIEW)
    const prefetch = amount('prefetch', options.prefetch ?? 2, 1)
    return new Observable((subscriber) => {
      const giveUp = this.#connected().subscribe(name, prefetch, subscriber as Observer<unknown>)
      subscriber.add(() => {
        giveUp()
        this.#letGo()
      })
    })
  }

  publish<T>(name: string, options: WriteOptions = {}): Observer<T> {
    checkName(name)
    check(options, WRITE)
    const { overflow = 'latest', highWaterMark = 1024 } = options
    if (!OVERFLOWS.includes(overflow)) throw new ArgumentError(`overflow: expected one of ${OVERFLOWS.join(', ')}, got ${overflow}`)
    if (!this.#ticket.writes) throw new ArgumentError("ticket: this one reads only; have the job give one by ticket({ rights: 'write' })")
    const policy = { overflow, highWaterMark: amount('highWaterMark', highWaterMark, 0) }
    return new StreamWriter(
      name,
      policy,
      () => this.#connected(),
      () => this.#letGo()
    )
  }

  close(): void {
    this.#closed = true
    this.#session?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #connected(): Session {
    if (this.#closed) throw new RxmpiError('this connection to a job was closed; connect again')
    this.#session ??= new Session(this.#dial, this.#ticket, (error) => {
      this.#session = undefined
      if (error !== undefined) this.#failures.next(error)
    })
    return this.#session
  }

  /** Nobody may need the connection any more: it goes, unless somebody comes at once, as with `switchMap`. */
  #letGo(): void {
    const session = this.#session
    queueMicrotask(() => {
      if (session?.idle && session === this.#session) session.close()
    })
  }
}

function check(options: unknown, names: AnyNames): void {
  if (typeof options !== 'object' || options === null) throw new ArgumentError(`options: expected an object, got ${String(options)}`)
  checkNames(options, names)
}

function amount(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value < 2 ** 32) return value
  throw new ArgumentError(`${name}: expected an integer from ${least} on, got ${String(value)}`)
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && new TextEncoder().encode(name).length <= MAX_NAME) return
  throw new ArgumentError(`name: expected a text of 1 to ${MAX_NAME} bytes, such as 'temperature', got ${String(name).slice(0, 40)}`)
}

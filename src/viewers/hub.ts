import { defer, first, Observable, of, ReplaySubject, Subject, switchMap, takeUntil } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { nearestOf } from '../diagnostics/option-names.js'
import { ArgumentError, RxmpiError } from '../errors.js'
import { encodeValue } from './payload.js'
import type { Payload } from './wire.js'
import { type CreditPolicy, withCredit } from './with-credit.js'

/** How a stream is published. */
export interface PublishPolicy extends CreditPolicy {
  /** Values that a viewer is given who comes later. */
  readonly history: number
}

/** A stream that a program publishes under a name. */
export class Publication {
  readonly name: string
  readonly policy: PublishPolicy
  readonly values: Subject<Payload>
  readonly #hub: Hub

  constructor(hub: Hub, name: string, policy: PublishPolicy) {
    this.#hub = hub
    this.name = name
    this.policy = policy
    this.values = policy.history > 0 ? new ReplaySubject(policy.history) : new Subject()
  }

  /** Where nobody can look there is nothing to do. */
  next(value: unknown): void {
    if (this.#hub.open && (this.policy.history > 0 || this.values.observed)) this.values.next(encodeValue(value))
  }

  error(error: unknown): void {
    this.#end(() => this.values.error(error))
  }

  complete(): void {
    this.#end(() => this.values.complete())
  }

  get ended(): boolean {
    return this.values.closed || this.values.isStopped
  }

  #end(how: () => void): void {
    if (!this.ended) how()
  }
}

/** What one rank publishes to viewers of a communicator, and hears from them, by name: nothing else of a job is within their reach. */
export class Hub {
  readonly #publications = new Map<string, Publication>()
  readonly #published = new Subject<Publication>()
  readonly #inboxes = new Map<string, Subject<unknown>>()
  /** Tells when an inbox has its first reader, by its name. */
  readonly #readable = new Subject<string>()
  readonly #closed = new Subject<void>()
  #open = false
  #readers = 0
  /** Keeps the event loop open while a viewer may still say what the program waits for. */
  #hold: NodeJS.Timeout | undefined

  /** Whether there is a server. */
  get open(): boolean {
    return this.#open
  }

  opened(): void {
    this.#open = true
    this.#keep()
  }

  /** There is no server any more: nothing comes from viewers. */
  close(): void {
    this.#open = false
    this.#keep()
    this.#closed.next()
  }

  publish(name: string, policy: PublishPolicy): Publication {
    if (this.#publications.get(name)?.ended === false) {
      throw new ArgumentError(`name: '${name}' is published already; give the second stream another name, or merge the two`)
    }
    const publication = new Publication(this, name, policy)
    this.#publications.set(name, publication)
    this.#published.next(publication)
    return publication
  }

  /** Whether a stream is still under way. */
  get busy(): boolean {
    return this.#readers > 0 || [...this.#publications.values()].some(({ ended }) => !ended)
  }

  /** What one viewer gets of a name, which may not be published yet, as there is credit. */
  stream(name: string, credit$: Observable<number>): Observable<Payload> {
    return defer(() => {
      const there = this.#publications.get(name)
      return there === undefined ? this.#published.pipe(first((publication) => publication.name === name)) : of(there)
    }).pipe(switchMap(({ values, policy }) => values.pipe(withCredit(credit$, policy))))
  }

  /** Why nothing has ever come under a name, when the job ends. */
  missing(name: string): Error | undefined {
    const names = [...this.#publications.keys()]
    if (names.includes(name)) return undefined
    const nearest = nearestOf(name, names)
    const instead =
      nearest === undefined
        ? `it has published ${names.length === 0 ? 'nothing' : names.map((one) => `'${one}'`).join(', ')}`
        : `did you mean '${nearest}'?`
    return new RxmpiError(`the job has published no '${name}'; ${instead}`)
  }

  /** What viewers send under a name, while there is a server or may be one. */
  inbox<T>(name: string): Observable<T> {
    return new Observable<T>((subscriber) => {
      const inbox = this.#inboxes.get(name) ?? new Subject()
      this.#inboxes.set(name, inbox)
      this.#readers++
      this.#keep()
      subscriber.add(() => {
        this.#readers--
        this.#keep()
      })
      subscriber.add((inbox as Subject<T>).pipe(takeUntil(this.#closed)).subscribe(subscriber))
      this.#readable.next(name)
    })
  }

  /** Tells, at once or later, that somebody reads what viewers send under a name. Nothing is kept of names that only viewers know. */
  read(name: string): Observable<unknown> {
    return defer(() => (this.#inboxes.get(name)?.observed ? of(name) : this.#readable.pipe(first((one) => one === name))))
  }

  deliver(name: string, value: unknown): void {
    this.#inboxes.get(name)?.next(value)
  }

  #keep(): void {
    const wanted = this.#open && this.#readers > 0
    if (wanted) this.#hold ??= setInterval(() => undefined, 2 ** 30)
    else {
      clearInterval(this.#hold)
      this.#hold = undefined
    }
  }
}

const hubs = new WeakMap<CommunicatorCore, Hub>()

/** This rank's, of a communicator. */
export function hubOf(comm: CommunicatorCore): Hub {
  let hub = hubs.get(comm)
  if (hub === undefined) {
    hub = new Hub()
    hubs.set(comm, hub)
  }
  return hub
}

import { isObservable, Observable, type Subscriber, Subscription } from 'rxjs'
import { references } from '../codec/reference.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, frames, recordCallSite, rejectLater } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { MemoryInUse, MemoryUse } from '../progress/memory-in-use.js'
import { Overlooked, type OverlookedCalls } from '../progress/overlooked.js'
import type { Transport } from '../transport/transport.js'
import { abandonOn, abortError, endable } from './cancellation.js'
import { changedError } from './memory-use.js'
import { checkStatus, type Status } from './status.js'

const PENDING = 0
const COMPLETE = 1
const FAILED = 2

/**
 * An operation under way: it emits its value once and completes. It is live from the call; subscribing late replays, subscribing
 * twice receives nothing twice, unsubscribing loses nothing: only `cancel` withdraws a receive.
 *
 *     sent by rank 0         a
 *     irecv()                ---(a|)
 *     subscribed at 5 ms     -----(a|)
 *
 * Errors: those of the call that made it; a failure reaches `wait()` and every subscriber, and one that nobody looks at ends the rank.
 * MPI: MPI_Request, MPI 4.1 §3.7; mpi4py: MPI.Request.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, Request } from 'rxmpi'
 *
 * if (comm.rank === 1) await comm.send('hello', { dest: 0 })
 * if (comm.rank === 0) {
 *   const request = comm.irecv<string>({ source: 1 })
 *   const [index, value] = await Request.waitAny([request])
 *   console.log(index, value, request.status?.source) // [0] 0 hello 1
 * }
 * ```
 */
export abstract class Request<T> extends Observable<T> {
  #state = PENDING
  #value: T | undefined
  #error: Error | undefined
  #promise: Promise<T> | undefined
  /** Of the promise; without its type, so that a `Request<number>` is a `Request<unknown>`. */
  #resolve: ((value: PromiseLike<never>) => void) | undefined
  #listeners: Set<() => void> | undefined
  #empty = false
  #looked = false
  #transport: Transport | undefined
  #site: CallSite | undefined
  /** The memory that it is on. */
  #use: MemoryUse | undefined
  /** Where it is noted if it completes and nobody has looked at it; then the note. */
  #overlooked: OverlookedCalls | Overlooked | undefined

  /** @internal */
  protected constructor(site: CallSite | undefined) {
    super(replay)
    this.#site = site
  }

  /** Resolves with the value. Errors: the failure of the call that has made the request. MPI: MPI_Wait. */
  wait(): Promise<T> {
    if (this.#overlooked !== undefined) this.seen()
    this.#promise ??=
      this.#state === PENDING
        ? new Promise<T>((resolve) => {
            this.#resolve = resolve as (value: PromiseLike<never>) => void
          })
        : this.#state === COMPLETE
          ? Promise.resolve(this.#value as T)
          : Promise.reject(this.#error)
    return this.#promise
  }

  /** Whether it is complete or has failed; polls. MPI: MPI_Test. */
  test(): boolean {
    if (this.#overlooked !== undefined) this.seen()
    if (this.#state === PENDING) this.poll()
    return this.#state !== PENDING
  }

  /** The value once complete. */
  get value(): T | undefined {
    if (this.#state === COMPLETE && this.#overlooked !== undefined) this.seen()
    return this.#value
  }

  /** What a receive found, once complete. */
  abstract readonly status: Status | undefined

  /** Withdraws a receive that nothing has matched yet: it completes empty. True when it was one. MPI: MPI_Cancel. */
  cancel(): boolean {
    return false
  }

  /**
   * A request of the program's own: subscribes to the source at once, completes with its last value, `undefined` where there was none, and
   * fails with its error. `cancel()` unsubscribes and completes it empty. It goes wherever requests go and keeps its rank alive.
   *
   * `status` is what the request shows as its own once it is complete: fill it in before the source completes.
   * Errors: ArgumentError for a bad argument; AbortError, TimeoutError. MPI: MPI_Grequest_start, MPI 4.1 §13.2; mpi4py: MPI.Grequest.Start.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, Request } from 'rxmpi'
   * import { map, timer } from 'rxjs'
   *
   * const computed = Request.from(timer(5).pipe(map(() => comm.rank * 10)))
   * const received = comm.irecv<number>()
   * await comm.send(1, { dest: 1 - comm.rank })
   * console.log(await Request.waitAll([computed, received])) // [0] [ 0, 1 ] [1] [ 10, 1 ]
   * ```
   */
  static from<T>(source: Observable<T>, options: SourceOptions = {}): Request<T> {
    const site = recordCallSite()
    try {
      if (!isObservable(source)) throw new ArgumentError(`source: expected an Observable, got ${shown(source)}`)
      checkOptions(options, SOURCE, '{ status: new Status() }')
      const { status, signal } = options
      if (status !== undefined) checkStatus(status)
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      return new SourceRequest<T>(site, status).follow(source, signal)
    } catch (error) {
      return new SourceRequest<T>(captureCallSite(), undefined).refuse(error)
    }
  }

  /** All values, in the requests' order. Errors: the failure of the first that fails; ArgumentError. MPI: MPI_Waitall. */
  static waitAll<const R extends Requests>(requests: R): Promise<{ -readonly [K in keyof R]: ValueOf<R[K]> }> {
    type Values = Promise<{ -readonly [K in keyof R]: ValueOf<R[K]> }>
    try {
      return Promise.all(checked(requests, 'waitAll').map((request) => request.wait())) as Values
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Whether all are complete or have failed; polls. Errors: ArgumentError for what is no list of requests. MPI: MPI_Testall. */
  static testAll(requests: Requests): boolean {
    return checked(requests, 'testAll').filter((request) => !request.test()).length === 0
  }

  /**
   * The first that completes, ties to the lowest index; a loop takes it out of its list. Errors: its failure, where it is one that has
   * failed; ArgumentError for an empty list. MPI: MPI_Waitany.
   */
  static waitAny<const R extends Requests>(requests: R): Promise<[index: number, value: ValueOf<R[number]>]> {
    try {
      if (checked(requests, 'waitAny').length === 0) throw new ArgumentError('requests: waitAny needs at least one request, got []')
    } catch (error) {
      return Promise.reject(error)
    }
    return whenAny(requests).then(async () => {
      const index = requests.findIndex((request) => request.settled)
      return [index, (await requests[index]!.wait()) as ValueOf<R[number]>]
    })
  }

  /** The lowest that is complete, or undefined; polls. Errors: its failure, where it has failed; ArgumentError. MPI: MPI_Testany. */
  static testAny<const R extends Requests>(requests: R): [index: number, value: ValueOf<R[number]>] | undefined {
    const index = checked(requests, 'testAny').findIndex((request) => request.test())
    return index < 0 ? undefined : [index, requests[index]!.#result() as ValueOf<R[number]>]
  }

  /** All that are complete once at least one is. Errors: the failure of one that has failed; ArgumentError. MPI: MPI_Waitsome. */
  static async waitSome<const R extends Requests>(requests: R): Promise<[index: number, value: ValueOf<R[number]>][]> {
    if (checked(requests, 'waitSome').length === 0) return []
    await whenAny(requests)
    const done = requests.map((request, index) => [index, request] as const).filter(([, request]) => request.settled)
    return Promise.all(done.map(async ([index, request]) => [index, await request.wait()] as [index: number, value: ValueOf<R[number]>]))
  }

  /** All that are complete now; polls. Errors: the failure of one that has failed; ArgumentError. MPI: MPI_Testsome. */
  static testSome<const R extends Requests>(requests: R): [index: number, value: ValueOf<R[number]>][] {
    const done: [index: number, value: ValueOf<R[number]>][] = []
    for (const [index, request] of checked(requests, 'testSome').entries()) {
      if (request.test()) done.push([index, request.#result() as ValueOf<R[number]>])
    }
    return done
  }

  /** @internal Whether it has completed or failed; does not poll. */
  get settled(): boolean {
    return this.#state !== PENDING
  }

  /** @internal */
  get failed(): boolean {
    return this.#state === FAILED
  }

  /** @internal */
  get site(): CallSite | undefined {
    return this.#site
  }

  /** @internal It is on memory of the program's until it is settled. */
  keep(memory: MemoryInUse, use: MemoryUse): void {
    use.next = this.#use
    this.#use = use
    memory.begin(use)
  }

  /** @internal It is on no memory any more. Returns an error where the program has changed what the request counts on. */
  leaveMemory(): Error | undefined {
    let error: Error | undefined
    for (let use = this.#use; use !== undefined; use = use.next) {
      const { within } = use
      if (error === undefined && within!.isChecked && within!.hasChanged(use)) error = changedError(use)
      within!.end(use)
    }
    this.#use = undefined
    return error
  }

  /**
   * @internal The program is told at its end when it has not looked at it: of a call that it has made for what that gives. Not of what
   * fails or was withdrawn. Dropping a request is MPI_Request_free, which is good for a send; a receive should never be freed so (MPI 4.1
   * §3.7.3), and of a collective it is an error (§6.12).
   */
  followed({ endpoint: { overlooked } }: { readonly endpoint: Endpoint }): this {
    this.#overlooked = overlooked
    if (this.#state === COMPLETE && !this.#empty) this.#note(overlooked)
    return this
  }

  /** @internal What it is told as; `undefined` where it has given nothing. */
  protected toldAs(): ToldAs {
    return undefined
  }

  #note(overlooked: OverlookedCalls): void {
    const told = this.toldAs()
    this.#overlooked = told && new Overlooked(told.kind, this.#site, told.describe)
    if (this.#overlooked !== undefined) overlooked.add(this.#overlooked)
  }

  /** @internal Somebody looks at it. */
  seen(): void {
    if (this.#overlooked instanceof Overlooked) this.#overlooked.see()
    this.#overlooked = undefined
  }

  /**
   * @internal What has come for it goes to memory of the program's, unless that has been changed meanwhile: then it has failed, and nothing
   * is written.
   */
  leaveMemoryOrFail(): boolean {
    const changed = this.leaveMemory()
    if (changed !== undefined) this.failHere(changed)
    return changed === undefined
  }

  /** @internal It is under way: the transport has to poll until it is settled. */
  holds(transport: Transport): void {
    transport.hold()
    this.#transport = transport
  }

  /** @internal The user's call is on the stack. */
  protected callIsHere(): void {
    this.#site ??= captureCallSite()
  }

  /** @internal It waits no more. */
  protected leave(): void {}

  /** @internal Looks for what has come. */
  protected abstract poll(): void

  /** @internal Adds the call site and the rank to an error. */
  protected abstract inContext(error: Error, site: CallSite | undefined): Error

  /** @internal */
  protected complete(value: T): void {
    if (this.#state !== PENDING) return
    if (this.#use !== undefined) {
      const changed = this.leaveMemory()
      if (changed !== undefined) return this.failHere(changed)
    }
    this.#state = COMPLETE
    this.#value = value
    this.#release()
    if (this.#overlooked !== undefined && !this.#empty) this.#note(this.#overlooked as OverlookedCalls)
    this.#resolve?.(value as PromiseLike<never>)
    if (this.#listeners !== undefined) this.#notify()
  }

  /** @internal A failure that nobody looks at ends the rank, as an unhandled rejection does. */
  fail(error: Error): void {
    if (this.#state !== PENDING) return
    this.#state = FAILED
    this.leave()
    if (this.#use !== undefined) this.leaveMemory()
    this.#release()
    if (this.#awaitedOnly) {
      this.#error = error
      rejectLater(this.#resolve!, (site) => {
        this.#error = this.inContext(error, site)
        throw this.#error
      })
    } else {
      this.#error = this.inContext(error, this.#site)
      if (this.#resolve !== undefined) this.#resolve(Promise.reject(this.#error))
      else if (!this.#looked) this.#promise = overlooked(this, this.#error)
    }
    if (this.#listeners !== undefined) this.#notify()
  }

  /**
   * @internal Fails it with an error that names the call's line itself: the other line is the one where it shows, which polls, tests or
   * awaits the request, as far as there is one.
   */
  failHere(error: Error): void {
    const here = captureCallSite()
    if (frames(here).length > 0) this.#site = here
    else if (this.#resolve !== undefined && !this.#looked) this.#site = undefined
    this.fail(error)
  }

  /** @internal Of a call that was given a bad argument: it has failed from the start. */
  refuse(error: unknown): this {
    this.fail(error as Error)
    return this
  }

  /** @internal Fails it with an error that is only made when it is known where it was called. */
  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    if (!this.#awaitedOnly) {
      void makeError(this.#site).then((error) => this.fail(error))
      return
    }
    this.#state = FAILED
    this.leave()
    if (this.#use !== undefined) this.leaveMemory()
    this.#release()
    rejectLater(this.#resolve!, async (site) => {
      this.#error = this.inContext(await makeError(site), site)
      throw this.#error
    })
  }

  /** Its call site was not recorded, and the only one to ask for it is whoever awaits `wait()`. */
  get #awaitedOnly(): boolean {
    return this.#site === undefined && this.#resolve !== undefined && !this.#looked
  }

  /** @internal It completes without a value. */
  protected completeEmpty(): void {
    this.#empty = true
    // Nothing was done with it, so whatever has become of it is no fault.
    if (this.#use !== undefined) this.leaveMemory()
    this.complete(undefined as T)
  }

  /** @internal */
  get failure(): Error | undefined {
    return this.#error
  }

  /** @internal The failure, unless somebody has seen it. */
  get unseen(): Error | undefined {
    return this.#looked ? undefined : this.#error
  }

  /** @internal Somebody sees its failure. */
  look(): void {
    this.#looked = true
    if (this.#overlooked !== undefined) this.seen()
    if (this.#state === FAILED) this.#promise?.catch(() => undefined)
  }

  /** @internal Calls back when it is settled, which may be now; returns how to take that back. */
  onSettled(listener: () => void): () => void {
    if (this.#state !== PENDING) {
      listener()
      return () => undefined
    }
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    return () => this.#listeners?.delete(listener)
  }

  /** @internal Emits what there is to a subscriber. */
  emitTo(subscriber: Subscriber<T>): void {
    if (this.#state === FAILED) subscriber.error(this.#error)
    else {
      if (!this.#empty) subscriber.next(this.#value as T)
      subscriber.complete()
    }
  }

  /** Of one that is settled. */
  #result(): T {
    if (this.#state === COMPLETE) return this.#value as T
    this.look()
    throw this.#error
  }

  #release(): void {
    this.#transport?.release()
    this.#transport = undefined
  }

  #notify(): void {
    const listeners = this.#listeners!
    this.#listeners = undefined
    for (const listener of listeners) listener()
  }
}

/**
 * What becomes of a failure that nobody looks at: it ends the rank, as an unhandled rejection. A simulation, which is over before those are
 * found, takes them itself.
 */
export const failures: { take: ((request: Request<unknown>) => void) | undefined } = { take: undefined }

function overlooked(request: Request<unknown>, error: Error): Promise<never> | undefined {
  if (failures.take === undefined) return Promise.reject(error)
  failures.take(request)
  return undefined
}

/** How a call is told of that nobody has looked at. */
export type ToldAs = Pick<Overlooked, 'kind' | 'describe'> | undefined

/** What `Request.from` may be told. */
export interface SourceOptions {
  /** What the request shows as its status once it is complete; the program fills it in. */
  status?: Status
  /** Aborting it unsubscribes from the source and fails the request with an AbortError. */
  signal?: AbortSignal
}

const SOURCE: OptionNames<SourceOptions> = { status: true, signal: true }

/** What the program does on its own account, as a request. MPI: a generalized request. */
class SourceRequest<T> extends Request<T> {
  readonly #status: Status | undefined
  readonly #subscription = new Subscription()
  #last: T | undefined

  constructor(site: CallSite | undefined, status: Status | undefined) {
    super(site)
    this.#status = status
  }

  follow(source: Observable<T>, signal: AbortSignal | undefined): this {
    // Nobody can tell whether the source will ever end.
    endable.count++
    const { transport } = (references.here as Endpoint | undefined) ?? {}
    if (transport !== undefined) this.holds(transport)
    this.onSettled(() => {
      endable.count--
      endable.onSettled()
      this.#subscription.unsubscribe()
    })
    const subscription = source.subscribe({
      next: (value) => {
        this.#last = value
      },
      error: (error) => this.fail(error),
      complete: () => this.complete(this.#last as T)
    })
    this.#subscription.add(subscription)
    if (signal !== undefined) abandonOn(signal, this, (error) => this.fail(error))
    return this
  }

  get status(): Status | undefined {
    return this.settled ? this.#status : undefined
  }

  override cancel(): boolean {
    if (this.settled) return false
    this.#subscription.unsubscribe()
    this.#status?.setCancelled()
    this.completeEmpty()
    return true
  }

  protected poll(): void {
    const here = references.here as Endpoint | undefined
    here?.transport.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return inContext(error, {}, site)
  }
}

/** What the calls on several requests take; each keeps the type of its value. */
export type Requests = readonly Request<unknown>[]
/** What a request resolves to: of a `Request<T>`, T. */
export type ValueOf<R> = R extends Request<infer T> ? T : never

function replay<T>(this: Observable<T>, subscriber: Subscriber<T>): void {
  const request = this as Request<T>
  request.look()
  subscriber.add(request.onSettled(() => request.emitTo(subscriber)))
}

function whenAny(requests: Requests): Promise<void> {
  for (const request of requests) request.look()
  for (const request of requests) if (request.test()) return Promise.resolve()
  // Looking at one may have completed another.
  if (requests.some((request) => request.settled)) return Promise.resolve()
  return new Promise((resolve) => {
    const stops: (() => void)[] = []
    const done = (): void => {
      for (const stop of stops) stop()
      resolve()
    }
    for (const request of requests) stops.push(request.onSettled(done))
  })
}

function checked<R extends readonly unknown[]>(requests: R, method: string): R {
  const bad = Array.isArray(requests) ? requests.findIndex((request) => !(request instanceof Request)) : -2
  if (bad === -1) return requests
  const what = bad === -2 ? `requests: ${method} expects an array of requests` : `requests[${bad}]: ${method} expects a Request`
  throw new ArgumentError(what)
}

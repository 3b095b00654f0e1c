import { from, isObservable, last, type Observable, of } from 'rxjs'
import type { Communicator } from '../communicator/communicator.js'
import { checkSignal, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../errors.js'
import { abortError, onAbort } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import type { Done } from '../service/done.js'
import { CREATE, type CreateOptions, create } from './create.js'
import type { Held } from './held.js'
import { Mutex } from './mutex.js'
import { type SyncCallOptions, SyncObject, type SyncParts, type SyncRequest } from './sync-object.js'

/** How a condition is made. All ranks give the same. */
export interface ConditionOptions extends CreateOptions {
  /** The mutex that guards what is waited for, of the same ranks; default a recursive one of its own. */
  mutex?: Mutex
}

const NAMES: OptionNames<ConditionOptions> = { ...CREATE, mutex: true }

/** What `waitFor` asks each time: a value, or where it has to find out first a promise or an Observable of it. */
export type Predicate<T> = () => T | PromiseLike<T> | Observable<T>

/** What the root is told. */
const ENQUEUE = 0
const SLEEP = 1
const LEAVE_QUEUE = 2
const NOTIFY = 3

/**
 * Lets ranks wait, asleep, until another has changed something: who holds the mutex may `wait`, which gives it back meanwhile, and who has
 * made the change, holding it too, `notify`. In the order of waiting.
 *
 * Cost: to wait four messages to a root and three back, to notify one each. MPI has no such call; mpi4py: util.sync.Condition.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { Condition, Counter } from 'rxmpi/sync'
 *
 * const jobs = await Counter.create(comm)
 * const condition = await Condition.create(comm)
 * if (comm.rank === 0) {
 *   await using held = await condition.acquire()
 *   await condition.waitFor(async () => (await jobs.value()) > 0)
 *   console.log('there is a job') // [0] there is a job
 * } else {
 *   await using held = await condition.acquire()
 *   await jobs.next()
 *   await condition.notifyAll()
 * }
 * await condition.close()
 * await jobs.close()
 * ```
 */
export class Condition extends SyncObject {
  readonly #mutex: Mutex
  readonly #isOwn: boolean
  #ids = 0

  /** @internal */
  constructor(parts: SyncParts, mutex: Mutex, isOwn: boolean) {
    super(parts)
    this.#mutex = mutex
    this.#isOwn = isOwn
    if (this.core.rank === this.root) this.#keep()
  }

  /**
   * Makes a condition of all ranks of a communicator, with contexts of its own. Collective. Cost: a small allgather.
   * Errors: ArgumentError, RankError; CollectiveMismatchError where the ranks give different options; AbortError.
   */
  static create(comm: Communicator, options?: ConditionOptions): Promise<Condition> {
    return Condition.icreate(comm, options).wait()
  }

  /** As `create`, as a request. */
  static icreate(comm: Communicator, options: ConditionOptions = {}): Request<Condition> {
    return create('condition', comm, options, NAMES, () => {
      const { mutex } = options
      if (mutex !== undefined && !(mutex instanceof Mutex)) throw new ArgumentError(`mutex: expected a Mutex, got ${shown(mutex)}`)
      if (mutex !== undefined && !mutex.isOf(comm)) {
        throw new ArgumentError(`mutex: ${mutex.what} is of other ranks than '${comm.name}'; make it of the same communicator`)
      }
      return {
        say: { mutex: mutex?.name },
        sets: mutex === undefined ? 2 : 1,
        make: ([parts, own]) => new Condition(parts!, mutex ?? new Mutex(own!, true), mutex === undefined)
      }
    })
  }

  /** How many times this rank holds the mutex now. */
  get held(): number {
    this.now(() => undefined)
    return this.#mutex.held
  }

  /** Acquires the mutex. Errors: those of `mutex.acquire`. */
  acquire(options?: SyncCallOptions): Promise<Held> {
    return this.iacquire(options).wait()
  }

  /** As `acquire`, as a request. */
  iacquire(options?: SyncCallOptions): Request<Held> {
    return this.#ofMutex(() => this.#mutex.iacquire(options))
  }

  /** Gives the mutex back. Errors: RequestError when this rank does not hold it. */
  release(): void {
    this.now(() => this.#mutex.release())
  }

  /**
   * Gives the mutex back and waits, asleep, until it is notified; resolves when it holds the mutex again, as many times as before.
   * Errors: RequestError when this rank does not hold the mutex; AbortError, when it holds it again; RankFailedError, FreedError.
   */
  wait(options?: SyncCallOptions): Promise<void> {
    return this.iwait(options).wait()
  }

  /** As `wait`, as a request. */
  iwait(options: SyncCallOptions = {}): Request<void> {
    return this.#waiting<void>('wait', options, (call) => this.#sleep(call, (error) => call.request.settle(error)))
  }

  /**
   * Waits until the predicate gives something true, which it resolves with: it is asked at once, and each time when notified, holding the
   * mutex. Errors: those of `wait`; the predicate's.
   */
  waitFor<T>(predicate: Predicate<T>, options?: SyncCallOptions): Promise<T> {
    return this.iwaitFor(predicate, options).wait()
  }

  /** As `waitFor`, as a request. */
  iwaitFor<T>(predicate: Predicate<T>, options: SyncCallOptions = {}): Request<T> {
    return this.#waiting<T>('waitFor', options, (call) => {
      const { request } = call
      if (typeof predicate !== 'function') throw new ArgumentError(`predicate: expected a function, got ${shown(predicate)}`)
      const ask = (): void => {
        const result = predicate()
        const answer = isAsynchronous(result) ? from(result).pipe(last()) : of(result as T)
        answer.subscribe({ next: hear, error: (error) => request.settle(error) })
      }
      const hear = (value: T): void => {
        if (request.settled) return
        if (value) return request.settle(null, value)
        this.#sleep(call, (error) => {
          if (error !== null) return request.settle(error)
          try {
            ask()
          } catch (failure) {
            request.settle(failure)
          }
        })
      }
      ask()
    })
  }

  /**
   * Wakes up to `n` of those who wait, in the order of waiting; the number it has woken. They go on when they get the mutex.
   * Errors: RequestError when this rank does not hold the mutex; CountError for less than 1; RankFailedError, FreedError, AbortError.
   */
  notify(n?: number, options?: SyncCallOptions): Promise<number> {
    return this.inotify(n, options).wait()
  }

  /** As `notify`, as a request. */
  inotify(n = 1, options: SyncCallOptions = {}): Request<number> {
    return this.begin<number>(options, (request) => {
      if (!Number.isSafeInteger(n) || n < 1) throw new CountError(`n: expected an integer from 1 on, got ${shown(n)}`)
      this.#mutex.checkHeld('notify')
      this.#notify(request, n)
    })
  }

  /** Wakes all who wait; their number. Errors: those of `notify`. */
  notifyAll(options?: SyncCallOptions): Promise<number> {
    return this.inotifyAll(options).wait()
  }

  /** As `notifyAll`, as a request. */
  inotifyAll(options: SyncCallOptions = {}): Request<number> {
    return this.begin<number>(options, (request) => {
      this.#mutex.checkHeld('notifyAll')
      this.#notify(request, Number.MAX_SAFE_INTEGER)
    })
  }

  /** @internal */
  protected giveBack(isOrderly: boolean): void {
    if (!this.#isOwn) return
    if (isOrderly) this.#mutex.giveBack()
    else this.#mutex.free()
  }

  /** @internal */
  override whenIdle(listener: () => void): void {
    super.whenIdle(() => (this.#isOwn ? this.#mutex.whenIdle(listener) : listener()))
  }

  /** @internal */
  protected override closed(): void {
    if (this.#isOwn) this.#mutex.free()
  }

  #ofMutex<T>(call: () => Request<T>): Request<T> {
    try {
      this.checkUsable()
      return call()
    } catch (error) {
      return this.begin<T>({}, () => {
        throw error
      })
    }
  }

  #notify(request: SyncRequest<number>, n: number): void {
    this.service.ask<number, number>(this.root, NOTIFY, n, request.site, (error, woken) => request.settle(error, woken))
  }

  /** A call that waits. Aborted, it has the mutex again before it says so. */
  #waiting<T>(name: string, options: SyncCallOptions, run: (call: WaitingCall<T>) => void): Request<T> {
    const { signal, ...others } = options
    return this.begin<T>(others, (request) => {
      this.#mutex.checkHeld(name)
      const call: WaitingCall<T> = { request, aborted: undefined, leave: undefined }
      if (signal !== undefined) {
        checkSignal(signal)
        if (signal.aborted) throw abortError(signal)
        const stop = onAbort(signal, (error) => {
          call.aborted = error
          if (call.leave === undefined) request.settle(error)
          else call.leave()
        })
        request.onSettled(stop)
      }
      run(call)
    })
  }

  /** Gets in the queue before it gives the mutex back, so that whoever then has it finds it there. */
  #sleep<T>(call: WaitingCall<T>, done: (error: Error | null) => void): void {
    const id = ++this.#ids
    const { service, root } = this
    const { site } = call.request
    const leave = (): void => service.tell<number>(root, LEAVE_QUEUE, id)
    const over = (error: Error | null): void => {
      call.leave = undefined
      done(call.aborted ?? error)
    }
    call.leave = leave
    service.ask<number, number>(root, ENQUEUE, id, site, (lost) => {
      if (lost !== null) return over(lost)
      let regain: (done: Done<void>) => void
      try {
        regain = this.#mutex.suspend(site)
      } catch (error) {
        // Another task has given the mutex back meanwhile.
        leave()
        return over(error as Error)
      }
      const describe = (): string => `for a notification on ${service.what}`
      service.ask<number, number>(root, SLEEP, id, site, (error) => regain((failure) => over(error ?? failure)), describe)
    })
  }

  /** The queue, on the root: who waits, by rank and number, and who is to be told. */
  #keep(): void {
    const { service } = this
    const waiting = new Map<string, { readonly rank: number; wake: (() => void) | undefined }>()
    service.serve<number>(ENQUEUE, (rank, id, reply) => {
      waiting.set(`${rank} ${id}`, { rank, wake: undefined })
      reply(null, 0)
    })
    service.serve<number>(SLEEP, (rank, id, reply) => {
      const one = waiting.get(`${rank} ${id}`)
      // Who is not in the queue any more was notified already, or has left it.
      if (one === undefined) reply(null, 0)
      else one.wake = () => reply(null, 0)
    })
    service.serve<number>(LEAVE_QUEUE, (rank, id) => {
      const one = waiting.get(`${rank} ${id}`)
      waiting.delete(`${rank} ${id}`)
      one?.wake?.()
    })
    service.serve<number>(NOTIFY, (_, n, reply) => {
      const first = [...waiting].slice(0, n)
      for (const [key] of first) waiting.delete(key)
      reply(null, first.length)
      for (const [, { wake }] of first) wake?.()
    })
    service.onGone((rank) => {
      for (const [key, one] of waiting) if (one.rank === rank) waiting.delete(key)
    })
  }
}

/** A call that waits to be notified. */
interface WaitingCall<T> {
  readonly request: SyncRequest<T>
  /** Why it has to end. */
  aborted: Error | undefined
  /** How to leave the queue, while it has not got the mutex back. */
  leave: (() => void) | undefined
}

function isAsynchronous<T>(result: unknown): result is PromiseLike<T> | Observable<T> {
  return isObservable(result) || typeof (result as PromiseLike<T> | undefined)?.then === 'function'
}

import { Observable } from 'rxjs'
import type { Request } from '../request/request.js'
import { type Grant, Lock, type LockSettings } from '../service/lock.js'
import { Held, type Lender } from './held.js'
import { type SyncCallOptions, SyncObject, type SyncParts, type SyncRequest } from './sync-object.js'

/** Calls between two polls, less one; a mask. */
const POLL_EVERY = 15

/** What one rank after the other holds: a mutex, the places of a semaphore. */
export abstract class Lockable extends SyncObject implements Lender {
  /** @internal */
  protected readonly queue: Lock
  /** @internal What this rank holds, from the oldest on. */
  protected readonly holds = new Set<Held>()
  readonly #releases = new Map<Held, () => void>()
  readonly #waiting = new Set<() => void>()
  #calls = 0

  /** @internal */
  constructor(parts: SyncParts, settings: LockSettings) {
    super(parts)
    this.queue = new Lock(this.service, this.root, settings)
  }

  /** @internal */
  get what(): string {
    return this.service.what
  }

  /** How many times this rank holds it now. */
  get held(): number {
    this.now(() => undefined)
    return this.holds.size
  }

  /**
   * Waits until this rank holds it: first come, first served, and asleep. `held.abandoned` is the rank that has failed while it held it.
   * Errors: AbortError when `signal` takes it out of the queue; RankFailedError when the root has failed; FreedError, DeadlockError.
   * Cost: a message to the root and one back; on the root none.
   */
  acquire(options?: SyncCallOptions): Promise<Held> {
    return this.iacquire(options).wait()
  }

  /** As `acquire`, as a request; `cancel()` leaves the queue. */
  iacquire(options: SyncCallOptions = {}): Request<Held> {
    return this.begin<Held>(options, (request) => this.request(request, false))
  }

  /** As `acquire` where it is free and nobody waits for it, else `undefined`. */
  tryAcquire(options?: SyncCallOptions): Promise<Held | undefined> {
    return this.itryAcquire(options).wait()
  }

  /** As `tryAcquire`, as a request. */
  itryAcquire(options: SyncCallOptions = {}): Request<Held | undefined> {
    return this.begin<Held | undefined>(options, (request) => this.request(request as SyncRequest<Held>, true))
  }

  /**
   * Emits once it is held, and does not complete: it is given back when it is unsubscribed from. Cold. Errors: those of `acquire`.
   */
  lock(): Observable<Held> {
    return new Observable((subscriber) => {
      const request = this.iacquire()
      let held: Held | undefined
      subscriber.add(() => {
        if (held !== undefined) this.takeBack(held)
        else request.cancel()
      })
      request.subscribe({
        next: (value) => {
          held = value
          subscriber.next(value)
        },
        error: (error) => subscriber.error(error)
      })
    })
  }

  /** @internal */
  takeBack(held: Held): boolean {
    const release = this.#releases.get(held)
    if (release === undefined) return false
    this.forget(held)
    release()
    return true
  }

  /** @internal It is held no more, as the keeper knows already. */
  protected forget(held: Held): void {
    this.#releases.delete(held)
    this.holds.delete(held)
    held.end()
  }

  /** @internal Asks for it. */
  protected request(request: SyncRequest<Held>, attempt: boolean): void {
    this.poll()
    this.enqueue(request, attempt, (grant) => request.settle(null, this.take(request, grant)))
  }

  /** @internal Gets in the queue; `granted` is only called while the request is pending. */
  protected enqueue<T>(request: SyncRequest<T>, attempt: boolean, granted: (grant: Grant) => void): void {
    const describe = (): string => `in ${attempt ? 'tryAcquire' : 'acquire'} for ${this.what}`
    let withdraw: (() => void) | undefined
    let isOver = false
    const leave = this.queue.acquire({ attempt, site: request.site, describe }, (error, grant) => {
      isOver = true
      if (withdraw !== undefined) this.#waiting.delete(withdraw)
      if (error !== null) return request.settle(error)
      if (request.settled) return
      request.withdraw = undefined
      if (grant === undefined) request.settle(null, undefined)
      else granted(grant)
    })
    if (isOver) return
    withdraw = leave
    this.#waiting.add(leave)
    request.withdraw = () => {
      this.#waiting.delete(leave)
      leave()
    }
  }

  /** @internal It is held from now on. */
  protected take(request: SyncRequest<Held>, { abandoned, release }: Grant): Held {
    const held = new Held(this, request.site, abandoned)
    this.hold(held, release)
    return held
  }

  /** @internal */
  protected hold(held: Held, release: () => void): void {
    this.holds.add(held)
    this.#releases.set(held, release)
  }

  /** @internal Who keeps it lets the others have a turn, and so does at times who may never wait. */
  protected poll(): void {
    if (this.core.rank === this.root || (++this.#calls & POLL_EVERY) === 0) this.core.poll()
  }

  /** @internal */
  giveBack(): void {
    for (const held of [...this.holds]) this.takeBack(held)
    for (const leave of this.#waiting) leave()
    this.#waiting.clear()
  }
}

import { PROC_NULL } from '../constants.js'
import { shown } from '../diagnostics/arguments.js'
import { captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError, RmaSyncError } from '../errors.js'
import type { Holding } from '../progress/endpoint.js'
import type { Request } from '../request/request.js'
import type { Service } from '../service/service.js'
import type { AtOnce } from './at-once.js'
import type { Epochs } from './epochs.js'
import { type HeldLock, Locks } from './lock-keeper.js'
import { LOCK, type LockOptions, type WindowCallOptions } from './options.js'
import type { PendingRequests } from './pending-requests.js'
import type { Pipelines } from './pipeline.js'
import type { Targets } from './targets.js'
import { done } from './turn.js'
import { WindowLock } from './window-lock.js'

/** What passive target synchronisation needs of its window. */
export interface PassiveTargetParts {
  readonly service: Service
  readonly requests: PendingRequests
  readonly targets: Targets
  readonly epochs: Epochs
  readonly pipelines: Pipelines
  readonly atOnce: AtOnce
}

const fenceWord = new Int32Array(new SharedArrayBuffer(4))

/**
 * Synchronisation in which the target takes no part: locks, flush and sync. `Window` documents each call. MPI 4.1 §12.5.3 and §12.5.4:
 * passive target communication.
 */
export class PassiveTarget {
  readonly #service: Service
  readonly #requests: PendingRequests
  readonly #targets: Targets
  readonly #epochs: Epochs
  readonly #pipelines: Pipelines
  readonly #atOnce: AtOnce
  readonly #locks: Locks
  /** What the program has been given for its locks: by target, and last for all. */
  readonly #given: (WindowLock | undefined)[]
  readonly #size: number

  constructor({ service, requests, targets, epochs, pipelines, atOnce }: PassiveTargetParts) {
    this.#service = service
    this.#requests = requests
    this.#targets = targets
    this.#epochs = epochs
    this.#pipelines = pipelines
    this.#atOnce = atOnce
    this.#locks = new Locks(service)
    this.#size = service.core.size
    this.#given = Array(this.#size + 1).fill(undefined)
  }

  /** The lock of a part in shared memory of this host that nobody has. What is not plain is left to the call that checks all. */
  lockNow(target: number): WindowLock | undefined {
    const part = this.#targets.parts[target]
    if (part?.control === undefined || part.isEnded || this.#atOnce.isShut) return undefined
    if (this.#epochs.isStarted || this.#epochs.holds(target)) return undefined
    const site = recordCallSite()
    if (!this.#locks.takeFree(target, part.control, site)) return undefined
    this.#epochs.lock(target, site)
    return this.#lockOf(target, false, undefined)
  }

  lock(target: number, options: LockOptions = {}): Request<WindowLock> {
    return this.#requests.begin<WindowLock>(LOCK, options, (request) => {
      const shared = checkFlag('shared', options.shared)
      if (target === PROC_NULL) return request.settle(null, new WindowLock(target, shared, undefined, done))
      this.#targets.checkRank(target)
      this.#targets.checkThere(target)
      const { site } = request
      this.#epochs.lock(target, site)
      this.#locks.take(target, shared, this.#targets.parts[target]!.control, site, (error, held) => {
        if (error === null) request.settle(null, this.#lockOf(target, shared, [held]))
        else request.settle(error)
      })
      request.onSettled(() => {
        if (!request.failed) return
        this.#give(target)
        this.#epochs.unlock(target)
      })
    })
  }

  lockAll(options: WindowCallOptions = {}): Request<WindowLock> {
    return this.#requests.begin<WindowLock>(SIGNAL, options, (request) => {
      this.#epochs.lockAll(request.site)
      const { parts } = this.#targets
      let left = parts.length
      for (let target = 0; target < parts.length && !request.settled; target++) {
        this.#locks.take(target, true, parts[target]!.control, request.site, (error) => {
          if (error !== null) request.settle(error)
          else if (--left === 0) request.settle(null, this.#lockOf(undefined, true, this.#locks.all()))
        })
      }
      request.onSettled(() => {
        if (!request.failed) return
        this.#giveAll()
        this.#epochs.unlockAll()
      })
    })
  }

  /** Without a request, which it seldom needs. */
  unlockNow(target: number | undefined): Promise<void> {
    try {
      if (target === PROC_NULL) return done()
      this.#requests.checkOpen()
      let isDone = false
      let wake: (() => void) | undefined
      this.#releasing(target, () => {
        isDone = true
        wake?.()
      })
      return isDone ? done() : new Promise((resolve) => (wake = resolve))
    } catch (error) {
      return Promise.reject(this.#service.core.inContext(error, captureCallSite()))
    }
  }

  unlock(target: number | undefined): Request<void> {
    return this.#requests.begin<void>(SIGNAL, {}, (request) => {
      if (target === PROC_NULL) return request.settle(null, undefined)
      this.#releasing(target, () => request.settle(null, undefined))
    })
  }

  /** Whether there is nothing to flush. */
  isFlushed(target: number | undefined): boolean {
    return !this.#atOnce.isShut && this.#pipelines.isIdle(target)
  }

  flush(target: number | undefined): Request<void> {
    return this.#requests.begin<void>(SIGNAL, {}, (request) => {
      if (target === PROC_NULL) return request.settle(null, undefined)
      if (target !== undefined) this.#targets.checkRank(target)
      this.#pipelines.complete(target === undefined ? this.#targets.everybody : [target], () => request.settle(null, undefined))
    })
  }

  sync(): Request<void> {
    return this.#requests.begin<void>(SIGNAL, {}, (request) => {
      Atomics.load(fenceWord, 0)
      request.settle(null, undefined)
    })
  }

  /** For a report of what was not freed. */
  get holdings(): Holding[] {
    return this.#given.flatMap((lock, place) => {
      if (lock === undefined) return []
      const what = place === this.#size ? 'all parts' : `rank ${place}'s part`
      return [{ describe: () => `the lock of ${what} of ${this.#service.what}`, site: this.#epochs.lockSite(place) }]
    })
  }

  /** The window is no more: what the program was given holds nothing, and others can have its locks. */
  end(): void {
    this.#given.fill(undefined)
    this.#giveAll()
  }

  #lockOf(target: number | undefined, shared: boolean, held?: readonly HeldLock[]): WindowLock {
    const abandoned = held?.find(({ abandoned: by }) => by !== undefined)?.abandoned
    const lock: WindowLock = new WindowLock(target, shared, abandoned, () =>
      this.#given[place] === lock ? this.unlockNow(target) : done()
    )
    const place = target ?? this.#size
    this.#given[place] = lock
    return lock
  }

  #give(target: number): void {
    const held = this.#locks.of(target)
    if (held !== undefined) this.#locks.give(held, this.#targets.parts[target]!.control)
  }

  #giveAll(): void {
    for (const { target } of this.#locks.all()) this.#give(target)
  }

  /** Gives a lock back, when the calls under it are complete. */
  #releasing(target: number | undefined, released: () => void): void {
    if (target !== undefined) this.#targets.checkRank(target)
    const targets = target === undefined ? this.#targets.everybody : [target]
    if (target === undefined ? this.#epochs.isAllLocked : this.#epochs.holds(target)) {
      for (const one of targets) {
        if (this.#locks.of(one)?.isHeld !== false) continue
        throw new RmaSyncError(`unlock: the lock of rank ${one}'s part is not granted yet; await it first`)
      }
    }
    if (target === undefined) this.#epochs.unlockAll()
    else this.#epochs.unlock(target)
    this.#given[target ?? this.#size] = undefined
    this.#pipelines.complete(targets, () => {
      for (const one of targets) this.#give(one)
      released()
    })
  }
}

function checkFlag(name: string, flag: unknown): boolean {
  if (flag === undefined || typeof flag === 'boolean') return flag === true
  throw new ArgumentError(`${name}: expected true or false, got ${shown(flag)}`)
}

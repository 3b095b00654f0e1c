import type { Communicator } from '../communicator/communicator.js'
import { shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../errors.js'
import type { Request } from '../request/request.js'
import { CREATE, type CreateOptions, create } from './create.js'
import { Lockable } from './lockable.js'
import type { SyncCallOptions, SyncParts } from './sync-object.js'

/** How a semaphore is made. All ranks give the same. */
export interface SemaphoreOptions extends CreateOptions {
  /** How many may hold it at a time; from 0 on, default 1. */
  value?: number
  /** Whether giving back more than is held is an error; default true. */
  bounded?: boolean
}

const NAMES: OptionNames<SemaphoreOptions> = { ...CREATE, value: true, bounded: true }

/**
 * So many places: a task holds one from `acquire` until it gives it back, first come, first served, and who waits sleeps. A place need not
 * be given back by the rank that holds it. One of a rank that fails is free again, and the next to have it is told: `held.abandoned`.
 *
 * Cost: as of a mutex. MPI has no such call; mpi4py: util.sync.Semaphore.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { Semaphore } from 'rxmpi/sync'
 *
 * const semaphore = await Semaphore.create(comm, { value: 2 })
 * const held = await semaphore.acquire() // Both ranks have a place at the same time.
 * await comm.barrier()
 * held.release()
 * await semaphore.close()
 * console.log('done') // [0] done [1] done
 * ```
 */
export class Semaphore extends Lockable {
  readonly #value: number

  /** @internal */
  constructor(parts: SyncParts, value: number, bounded: boolean) {
    super(parts, { places: value, bounded })
    this.#value = value
  }

  /**
   * Makes a semaphore of all ranks of a communicator, with contexts of its own. Collective. Cost: a small allgather.
   * Errors: CountError for a value below 0; ArgumentError, RankError; CollectiveMismatchError where the ranks give different options;
   * AbortError.
   */
  static create(comm: Communicator, options?: SemaphoreOptions): Promise<Semaphore> {
    return Semaphore.icreate(comm, options).wait()
  }

  /** As `create`, as a request. */
  static icreate(comm: Communicator, options: SemaphoreOptions = {}): Request<Semaphore> {
    return create('semaphore', comm, options, NAMES, () => {
      const { value = 1, bounded = true } = options
      if (!Number.isSafeInteger(value) || value < 0) throw new CountError(`value: expected an integer from 0 on, got ${shown(value)}`)
      if (typeof bounded !== 'boolean') throw new ArgumentError(`bounded: expected true or false, got ${shown(bounded)}`)
      return { say: { value, bounded }, make: ([parts]) => new Semaphore(parts!, value, bounded) }
    })
  }

  /**
   * Gives back places, first those that this rank has held longest. Resolves when the root knows.
   * Errors: CountError for less than 1, or when it is bounded and fewer are held by all ranks; RankFailedError, FreedError, AbortError.
   */
  release(n?: number, options?: SyncCallOptions): Promise<void> {
    return this.irelease(n, options).wait()
  }

  /** As `release`, as a request. */
  irelease(n = 1, options: SyncCallOptions = {}): Request<void> {
    return this.begin<void>(options, (request) => {
      if (!Number.isSafeInteger(n) || n < 1) throw new CountError(`n: expected an integer from 1 on, got ${shown(n)}`)
      this.queue.give(n, request.site, (error, done) => {
        if (done) for (const held of [...this.holds].slice(0, n)) this.forget(held)
        if (error !== null || done) return request.settle(error)
        request.settle(
          new CountError(
            `n: ${n} cannot be given back to ${this.what}: so many of its ${this.#value} are not held; { bounded: false } lets it grow`
          )
        )
      })
    })
  }
}

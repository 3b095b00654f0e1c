import type { Communicator } from '../communicator/communicator.js'
import { shown } from '../diagnostics/arguments.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, RequestError } from '../errors.js'
import type { Request } from '../request/request.js'
import type { Done } from '../service/done.js'
import type { Grant } from '../service/lock.js'
import { LockWord } from '../service/lock-word.js'
import { CREATE, type CreateOptions, create } from './create.js'
import type { Held } from './held.js'
import { Lockable } from './lockable.js'
import { shareFromRoot } from './share.js'
import { type SyncParts, SyncRequest } from './sync-object.js'

/** How a mutex is made. All ranks give the same. */
export interface MutexOptions extends CreateOptions {
  /** Whether a rank that holds it may acquire it again; it gives it back as many times. Default false: then it waits like any other. */
  recursive?: boolean
}

const NAMES: OptionNames<MutexOptions> = { ...CREATE, recursive: true }

/**
 * Mutual exclusion: one task of one rank at a time holds it, first come, first served. Who waits sleeps. A rank that fails while it holds
 * it gives it back, and the next is told which: `held.abandoned`.
 *
 * Cost: on the host of the root, while nobody waits, two atomic instructions in memory that its threads share; else a message to the root
 * and one back, another to give it back; on the root none.
 * MPI: a queue over MPI_Fetch_and_op; mpi4py: util.sync.Mutex.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { Mutex } from 'rxmpi/sync'
 *
 * const mutex = await Mutex.create(comm)
 * {
 *   await using held = await mutex.acquire()
 *   console.log(mutex.held, held.abandoned) // [0] 1 undefined [1] 1 undefined
 * }
 * console.log(mutex.held) // [0] 0 [1] 0
 * await mutex.close()
 * ```
 */
export class Mutex extends Lockable {
  readonly #recursive: boolean
  /** Recursive: the one claim of this rank that waits, and the calls that it is for. */
  readonly #members = new Set<SyncRequest<Held>>()
  #claim: SyncRequest<Grant> | undefined
  #grant: Grant | undefined
  readonly #stopTaking: () => void

  /** @internal */
  constructor(parts: SyncParts, recursive: boolean) {
    super(parts, {})
    this.#recursive = recursive
    const word = this.core.rank === this.root ? new LockWord() : undefined
    if (word !== undefined) this.queue.share(word)
    this.#stopTaking = shareFromRoot(this.service, this.root, word?.memory, (memory) => this.queue.share(new LockWord(memory)))
  }

  /**
   * Makes a mutex of all ranks of a communicator, with contexts of its own. Collective. Cost: a small allgather.
   * Errors: ArgumentError, RankError; CollectiveMismatchError where the ranks give different options; AbortError.
   */
  static create(comm: Communicator, options?: MutexOptions): Promise<Mutex> {
    return Mutex.icreate(comm, options).wait()
  }

  /** As `create`, as a request. */
  static icreate(comm: Communicator, options: MutexOptions = {}): Request<Mutex> {
    return create('mutex', comm, options, NAMES, () => {
      const { recursive = false } = options
      if (typeof recursive !== 'boolean') throw new ArgumentError(`recursive: expected true or false, got ${shown(recursive)}`)
      return { say: { recursive }, make: ([parts]) => new Mutex(parts!, recursive) }
    })
  }

  /** Gives back what this rank holds; of a recursive one what it has acquired last. Errors: RequestError when it holds nothing. */
  release(): void {
    this.now(() => {
      const held = [...this.holds].at(-1)
      if (held === undefined) throw new RequestError(`release: this rank does not hold ${this.what}; acquire it first`)
      this.takeBack(held)
    })
  }

  /** @internal */
  protected override request(request: SyncRequest<Held>, attempt: boolean): void {
    const grant = this.#grant
    if (!this.#recursive || (attempt && grant === undefined && this.#members.size === 0)) return super.request(request, attempt)
    if (grant !== undefined) return request.settle(null, this.take(request, grant))
    // A claim of this rank waits already: that is no lock which is free.
    if (attempt) return request.settle(null, undefined)
    this.poll()
    this.#join(request)
  }

  /** @internal */
  protected override take(request: SyncRequest<Held>, grant: Grant): Held {
    this.#grant = grant
    return super.take(request, { abandoned: grant.abandoned, release: this.#releaseLast })
  }

  /** @internal Whether it is of the same ranks, in the same order. */
  isOf({ core: { members } }: Communicator): boolean {
    return members.length === this.core.size && members.every((member, rank) => member === this.core.memberOf(rank))
  }

  /** @internal Throws where this rank does not hold it. */
  checkHeld(call: string): void {
    if (this.holds.size > 0) return
    throw new RequestError(`${call}: this rank does not hold ${this.what}; acquire it first, for what is waited for is guarded by it`)
  }

  /** @internal Gives it back for a while, however many times it is held; returns how to get it again. */
  suspend(site: CallSite | undefined): (done: Done<void>) => void {
    this.checkHeld('wait')
    const helds = [...this.holds]
    for (const held of helds) this.forget(held)
    this.#releaseLast()
    return (done) => {
      const request = new SyncRequest<Grant>(this.core, site)
      request.subscribe({
        next: (grant) => {
          this.#grant = grant
          for (const held of helds) {
            held.regain(grant.abandoned)
            this.hold(held, this.#releaseLast)
          }
          done(null)
        },
        error: (error) => done(error)
      })
      try {
        this.checkUsable()
        this.enqueue(request, false, (grant) => request.settle(null, grant))
      } catch (error) {
        request.settle(error)
      }
    }
  }

  /** @internal */
  override giveBack(isOrderly = true): void {
    this.#stopTaking()
    super.giveBack()
    if (!isOrderly && this.core.rank === this.root) this.queue.close()
  }

  readonly #releaseLast = (): void => {
    if (this.holds.size > 0) return
    const grant = this.#grant
    this.#grant = undefined
    grant?.release()
  }

  /** Waits with the other calls of this rank: once it is here it is theirs together. */
  #join(request: SyncRequest<Held>): void {
    const members = this.#members
    members.add(request)
    if (members.size === 1) {
      const claim = new SyncRequest<Grant>(this.core, request.site)
      this.#claim = claim
      this.enqueue(claim, false, (grant) => claim.settle(null, grant))
      claim.subscribe({
        next: (grant) => {
          const all = [...members]
          members.clear()
          const helds = all.map((member) => this.take(member, grant))
          for (const [k, member] of all.entries()) member.settle(null, helds[k])
        },
        error: (error) => {
          const all = [...members]
          members.clear()
          for (const member of all) member.settle(error)
        }
      })
    }
    if (request.settled) return
    request.withdraw = () => {
      if (members.delete(request) && members.size === 0) this.#claim?.cancel()
    }
  }
}

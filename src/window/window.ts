import type { Observable } from 'rxjs'
import { withArticle } from '../codec/article.js'
import { type BufferLike, elementSize, valueOn } from '../codec/datatype.js'
import { STAYS, staysHere } from '../codec/refusal.js'
import type { Make } from '../collective/definition.js'
import { barrierOf } from '../collective/definitions/barrier.js'
import { call } from '../collective/request.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkGroup, type Group } from '../core/group.js'
import { checkOptions, checkReceiveTag, checkSignal, checkSource, checkTag, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { type AnyNames, SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, DatatypeError, FreedError, RankError, RmaSyncError } from '../errors.js'
import { checkCount } from '../layout/check.js'
import type { Layout } from '../layout/layout.js'
import { Records } from '../layout/records.js'
import type { Viewed } from '../layout/view.js'
import { type AnyOp, isPredefined, SUM, type TypedArray } from '../op/op.js'
import type { PredefinedName } from '../op/predefined.js'
import { CONTROL } from '../progress/context-ids.js'
import type { Holding } from '../progress/endpoint.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { CallRequest } from '../service/call-request.js'
import { Meetings } from '../service/meetings.js'
import type { OwnCaller } from '../service/rounds.js'
import { FREED, type Service } from '../service/service.js'
import { ACCUMULATE, COMPARE_AND_SWAP, GET, GET_ACCUMULATE, isValueOf, type Operation, PUT } from './apply.js'
import { AtOnce } from './at-once.js'
import { Calls } from './calls.js'
import { type Change, Changes } from './changes.js'
import { Epochs } from './epochs.js'
import { type Given, givenBy } from './given.js'
import { type HeldLock, LockKeeper, Locks } from './lock-keeper.js'
import { type Notification, Notifications } from './notifications.js'
import {
  type ElementOf,
  GET_AND_PUT,
  GET_FROM,
  LOCK,
  type LockOptions,
  NOTIFIED,
  PUT_TO,
  type Remote,
  SPAN,
  TOUCHED,
  type WindowAt,
  type WindowCallOptions,
  type WindowFrom,
  type WindowTo
} from './options.js'
import { Part, type PartKind, type PartSay, sayOf } from './part.js'
import { Pipeline } from './pipeline.js'
import { atomicType, checkAt, checkMatch, laidOver, type Place, rowIn } from './place.js'
import { Signals } from './signals.js'
import { awaited, done, doneWith } from './turn.js'
import type { Waits } from './waits.js'
import { WindowLock } from './window-lock.js'

/** @internal What the making of a window has found. */
export interface WindowParts {
  readonly caller: OwnCaller
  readonly service: Service
  readonly waits: Waits
  readonly parts: readonly Part[]
  readonly whole: Viewed | undefined
  readonly name: string
  readonly group: Group
  readonly parent: CommunicatorCore
  readonly site: CallSite | undefined
  readonly release: (() => void) | undefined
}

const makeFence: Make<null, null> = () => ({ ...barrierOf<null>(), name: 'win.fence' })
const makeClose: Make<null, null> = () => ({ ...barrierOf<null>(), name: 'win.close' })

/**
 * Memory of each rank of a communicator that the others write to, read from and change without its doing. `comm.window` and
 * `comm.allocateWindow` make one. MPI: MPI_Win, MPI 4.1 §12; mpi4py: MPI.Win.
 *
 * A call that has resolved is complete at its target: who looks afterwards sees it. Where the target's part is shared memory of this host
 * it is done when the call returns. Outside of locks and epochs each call is one of its own, and waits for nothing but another rank's
 * exclusive lock.
 */
export class Window<A = Uint8Array> {
  /** @internal */
  readonly stays = STAYS
  /** This rank's own part. */
  readonly local: A
  /** Elements of each rank's part. */
  readonly lengths: readonly number[]
  /** Which parts their hosts' ranks share. */
  readonly kinds: readonly PartKind[]
  /** This rank's number in the window. */
  readonly rank: number
  /** How many ranks it has. */
  readonly size: number
  /** The ranks that have made it. MPI: MPI_Win_get_group. */
  readonly group: Group
  /** 'world.window(1)', or the one given. */
  readonly name: string
  /** With `contiguous` all parts as one array, where all ranks share a host. */
  readonly whole: A | undefined
  /** @internal */
  readonly site: CallSite | undefined
  /** @internal For a report of what was not freed. */
  readonly kind = 'window'
  readonly #core: CommunicatorCore
  readonly #caller: OwnCaller
  readonly #service: Service
  readonly #waits: Waits
  readonly #parts: readonly Part[]
  /** Other processes have had the time to reach this rank's memory. */
  readonly #release: (() => void) | undefined
  readonly #epochs = new Epochs()
  readonly #pipelines: readonly Pipeline[]
  readonly #keeper: LockKeeper
  readonly #locks: Locks
  readonly #notifications: Notifications
  readonly #changes: Changes
  readonly #posted: Signals
  readonly #completed: Signals
  /** This rank's part as 0, and memory that was added to it. */
  readonly #own = new Map<number, Part>()
  readonly #ids = new WeakMap<Part, number>()
  readonly #remotes = new WeakMap<Remote, Part>()
  #attachments = 0
  readonly #pending = new Set<CallRequest<unknown>>()
  readonly #atOnce: AtOnce
  readonly #calls: Calls
  /** What the program has been given for its locks: by target, and last for all. */
  readonly #given: (WindowLock | undefined)[]
  #starting: CallRequest<void> | undefined
  #isEnding = false
  #obstacle: Error | undefined
  readonly #meetings: Meetings

  /** @internal */
  constructor({ caller, service, waits, parts, whole, name, group, parent, site, release }: WindowParts) {
    const { core } = service
    this.#core = core
    this.#caller = caller
    this.#meetings = new Meetings(() => caller.core.release())
    this.#service = service
    this.#waits = waits
    this.#parts = parts
    this.#release = release
    this.rank = core.rank
    this.size = core.size
    this.group = group
    this.name = name
    this.site = site
    const own = parts[core.rank]!
    this.local = own.value as A
    this.whole = whole as A | undefined
    this.lengths = Object.freeze(parts.map(({ length }) => length))
    this.kinds = Object.freeze(parts.map(({ kind }) => kind))
    this.#given = Array(core.size + 1).fill(undefined)
    this.#pipelines = parts.map(() => new Pipeline())
    this.#notifications = new Notifications(service, waits)
    this.#changes = new Changes(service, waits)
    this.#posted = new Signals(service, waits, 'posted', (rank) => this.#whyEnded(rank))
    this.#completed = new Signals(service, waits, 'completed', (rank) => this.#whyEnded(rank))
    this.#keeper = new LockKeeper(service)
    this.#locks = new Locks(service)
    this.#own.set(0, own)
    this.#atOnce = new AtOnce(parts, this.#pipelines, this.#epochs, this.#changes)
    this.#calls = new Calls({
      service,
      pipelines: this.#pipelines,
      keeper: this.#keeper,
      changes: this.#changes,
      notifications: this.#notifications,
      own: this.#own,
      idOf: (part) => (part === parts[part.rank] ? 0 : this.#ids.get(part)!)
    })
    if (own.control !== undefined) {
      this.#keeper.control = own.control
      this.#changes.control = own.control
    }
    service.onGone((rank) => this.#lose(rank))
    service.serve<readonly [number]>(FREED, (rank, [ended]) => this.#part(rank, ended))
    for (let rank = 0; rank < core.size; rank++) {
      if (core.endpoint.whyGone(core.memberOf(rank)) !== undefined) this.#lose(rank)
    }
    parent.attach({
      breakOff: () => {
        if (!parent.revoked) return
        this.#atOnce.isShut = true
        for (const one of [caller.core, core]) if (one.alive) one.becomeRevoked()
      }
    })
    core.endpoint.unfreed.add(this)
    service.open()
  }

  /**
   * The part of a rank itself, for plain loads, stores and `Atomics`, where the rank is on this host and its part is shared; of `PROC_NULL`
   * the first part that is not empty. Another rank's plain store is seen when something has told of it: a barrier, a fence, a notification.
   * Errors: RankError. MPI: MPI_Win_shared_query; mpi4py: win.Shared_query.
   */
  shared(rank: number): A | undefined {
    return this.#here(() => {
      this.#checkOpen()
      const wanted =
        rank === PROC_NULL
          ? this.#parts.find(({ kind, value, length }) => kind === 'shared' && value !== undefined && length > 0)
          : undefined
      if (rank === PROC_NULL) return wanted?.value as A | undefined
      this.#checkRank(rank)
      const { kind, value } = this.#parts[rank]!
      return kind === 'shared' ? (value as A) : undefined
    })
  }

  // Data

  /**
   * Writes elements into a rank's part. Not atomic: what overlaps another call leaves either's elements; the atomic put is `accumulate`
   * with
   * `REPLACE`.
   *
   * Shape: `data` has the part's type, or any over a part of bytes; a view or a layout on either side picks what is meant.
   * Errors: RankError, CountError where it reaches outside the part, DatatypeError, ArgumentError, RmaSyncError at the call; FreedError,
   * RankFailedError. Cost: to shared memory of this host that of a copy; else a message there and back. MPI: MPI_Put, MPI 4.1 §12.3;
   * mpi4py: win.Put.
   */
  put(data: Target, at: WindowTo): Promise<void> {
    return this.#atOnce.put(data, at) ? done() : awaited(this.iput(data, at))
  }

  /** As `put`, as a request. MPI: MPI_Rput; mpi4py: win.Rput. */
  iput(data: Target, at: WindowTo): Request<void> {
    return this.#request<void>(PUT_TO, at, undefined, (request, part) => {
      const given = givenBy(data, 'data')
      const place = this.#placeFor(part, at, given, 'data')
      this.#calls.act(request, {
        part,
        operation: operationOf(PUT, place),
        place,
        data: given,
        notify: at.notify,
        result: () => undefined
      })
    })
  }

  /**
   * Reads elements of a rank's part: `count` of them, as many as `into` has room for, or those of a `layout`. Not atomic; the atomic get is
   * `getAccumulate` with `NO_OP`.
   *
   * Shape: an array of the part's type, of records those; or `into`. Errors and cost: as `put`. MPI: MPI_Get, MPI 4.1 §12.3; mpi4py:
   * win.Get.
   */
  get<B extends Target>(from: WindowFrom & { into: B }): Promise<B>
  get(from: WindowFrom): Promise<A>
  get(from: WindowFrom): Promise<unknown> {
    const now = this.#atOnce.get(from)
    return now === undefined ? awaited(this.#get(from)) : doneWith(now)
  }

  /** As `get`, as a request. MPI: MPI_Rget; mpi4py: win.Rget. */
  iget<B extends Target>(from: WindowFrom & { into: B }): Request<B>
  iget(from: WindowFrom): Request<A>
  iget(from: WindowFrom): Request<unknown> {
    return this.#get(from)
  }

  /**
   * Changes elements of a rank's part to `part[i] op data[i]`, each at once with respect to all atomic calls on elements of that type,
   * whatever their ops; on shared integers (but `Uint8ClampedArray`) also to the program's own `Atomics`. Those of one rank at one place
   * happen in its order.
   *
   * Shape: as `put`. Ops: the predefined ones but `MAXLOC` and `MINLOC`. Errors: as `put`; DatatypeError for records and for ops that do
   * not take the type, ArgumentError for one of `createOp`. MPI: MPI_Accumulate, MPI 4.1 §12.3; mpi4py: win.Accumulate.
   */
  accumulate(data: Target, op: AnyOp | undefined, at: WindowTo): Promise<void>
  accumulate(data: Target, at: WindowTo): Promise<void>
  accumulate(data: Target, op: AnyOp | WindowTo | undefined, at?: WindowTo): Promise<void> {
    return at !== undefined && this.#atOnce.accumulate(data, op as AnyOp, at) ? done() : awaited(this.#accumulate(data, op, at))
  }

  /** As `accumulate`, as a request. MPI: MPI_Raccumulate; mpi4py: win.Raccumulate. */
  iaccumulate(data: Target, op: AnyOp | undefined, at: WindowTo): Request<void>
  iaccumulate(data: Target, at: WindowTo): Request<void>
  iaccumulate(data: Target, op: AnyOp | WindowTo | undefined, at?: WindowTo): Request<void> {
    return this.#accumulate(data, op, at)
  }

  /**
   * As `accumulate`, and gives what was there before; with `NO_OP` an atomic get. Shape: an array of the kind of `data`, or `into`.
   * Errors: as `accumulate`. MPI: MPI_Get_accumulate; mpi4py: win.Get_accumulate.
   */
  getAccumulate(data: Target, op: AnyOp | undefined, at: WindowTo & { into?: Target }): Promise<A>
  getAccumulate(data: Target, at: WindowTo & { into?: Target }): Promise<A>
  getAccumulate(data: Target, op: AnyOp | (WindowTo & { into?: Target }) | undefined, at?: WindowTo & { into?: Target }): Promise<A> {
    return awaited(this.#getAccumulate(data, op, at)) as Promise<A>
  }

  /** As `getAccumulate`, as a request. MPI: MPI_Rget_accumulate; mpi4py: win.Rget_accumulate. */
  igetAccumulate(data: Target, op: AnyOp | undefined, at: WindowTo & { into?: Target }): Request<A>
  igetAccumulate(data: Target, at: WindowTo & { into?: Target }): Request<A>
  igetAccumulate(data: Target, op: AnyOp | (WindowTo & { into?: Target }) | undefined, at?: WindowTo & { into?: Target }): Request<A> {
    return this.#getAccumulate(data, op, at) as Request<A>
  }

  /**
   * Changes one element as `accumulate` does, and gives what was there before. `NO_OP` ignores the value. Errors: as `accumulate`. MPI:
   * MPI_Fetch_and_op; mpi4py: win.Fetch_and_op.
   */
  fetchAndOp(value: ElementOf<A>, op: AnyOp | undefined, at: WindowTo): Promise<ElementOf<A>>
  fetchAndOp(value: ElementOf<A>, at: WindowTo): Promise<ElementOf<A>>
  fetchAndOp(value: ElementOf<A>, op: AnyOp | WindowTo | undefined, at?: WindowTo): Promise<ElementOf<A>> {
    const now = at === undefined ? undefined : this.#atOnce.fetchAndOp(value, op as AnyOp, at)
    return now === undefined ? awaited(this.#fetch(value, op, at)) : doneWith(now as ElementOf<A>)
  }

  /** As `fetchAndOp`, as a request. */
  ifetchAndOp(value: ElementOf<A>, op: AnyOp | undefined, at: WindowTo): Request<ElementOf<A>>
  ifetchAndOp(value: ElementOf<A>, at: WindowTo): Request<ElementOf<A>>
  ifetchAndOp(value: ElementOf<A>, op: AnyOp | WindowTo | undefined, at?: WindowTo): Request<ElementOf<A>> {
    return this.#fetch(value, op, at)
  }

  /**
   * Puts `value` in the place of an element that equals `expected`, at once; gives what was there, so it was swapped if that equals
   * `expected`. On integers. Errors: as `accumulate`; DatatypeError for floats. MPI: MPI_Compare_and_swap; mpi4py: win.Compare_and_swap.
   */
  compareAndSwap(expected: ElementOf<A>, value: ElementOf<A>, at: WindowTo): Promise<ElementOf<A>> {
    const now = this.#atOnce.compareAndSwap(expected, value, at)
    return now === undefined ? awaited(this.icompareAndSwap(expected, value, at)) : doneWith(now as ElementOf<A>)
  }

  /** As `compareAndSwap`, as a request. */
  icompareAndSwap(expected: ElementOf<A>, value: ElementOf<A>, at: WindowTo): Request<ElementOf<A>> {
    return this.#request<ElementOf<A>>(PUT_TO, at, undefined as never, (request, part) => {
      const { code } = part
      if (!part.isInteger) {
        throw new DatatypeError(`target: compareAndSwap works on integers, the part of rank ${part.rank} has floating-point numbers`)
      }
      const data = elements(part, 2)
      data[0] = elementValue(part, expected, 'expected')
      data[1] = elementValue(part, value, 'value')
      const place = this.#element(part, at)
      const given = givenBy(data, 'value')
      const into = elements(part, 1)
      this.#calls.act(request, {
        part,
        operation: { ...operationOf(COMPARE_AND_SWAP, place), code },
        place,
        data: given,
        into: givenBy(into, 'into'),
        notify: at.notify,
        result: () => into[0] as ElementOf<A>
      })
    })
  }

  // Synchronisation

  /**
   * All that any rank has done is complete and seen by all. Called by all ranks. Errors: RmaSyncError while a lock is held or an epoch
   * open;
   * RankFailedError. Cost: a barrier. MPI: MPI_Win_fence, MPI 4.1 §12.5.1; mpi4py: win.Fence.
   */
  fence(options?: WindowCallOptions): Promise<void> {
    return this.ifence(options).wait()
  }

  /** As `fence`, as a request. */
  ifence(options: WindowCallOptions = {}): Request<void> {
    return this.#simple<void>(SIGNAL, options, (request) => {
      this.#epochs.fence('fence')
      this.#together(request, makeFence, options, () => request.settle(null, undefined))
    })
  }

  /**
   * Locks the part of a rank: first come, first served; shared locks together. The calls to it until the release are complete with that.
   * Who fails while it holds one gives it back: the next has `lock.abandoned`.
   *
   * Errors: RmaSyncError for a second lock of the same part, or between `start` and `complete`; RankError, FreedError, RankFailedError.
   * Cost: of a free part in shared memory of this host an atomic instruction; else a message there and back, which the part's rank answers.
   * MPI: MPI_Win_lock, MPI 4.1 §12.5.3; mpi4py: win.Lock.
   */
  lock(target: number, options?: LockOptions): Promise<WindowLock> {
    const lock = options === undefined ? this.#lockNow(target) : undefined
    return lock === undefined ? awaited(this.ilock(target, options)) : doneWith(lock)
  }

  /** As `lock`, as a request. */
  ilock(target: number, options: LockOptions = {}): Request<WindowLock> {
    return this.#simple<WindowLock>(LOCK, options, (request) => {
      const shared = checkFlag('shared', options.shared)
      if (target === PROC_NULL) return request.settle(null, new WindowLock(target, shared, undefined, done))
      this.#checkRank(target)
      this.#checkThere(this.#parts[target]!)
      const { site } = request
      this.#epochs.lock(target, site)
      this.#locks.take(target, shared, this.#parts[target]!.control, site, (error, held) => {
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

  /**
   * Locks the parts of all ranks, shared. Errors: as `lock`. MPI: MPI_Win_lock_all; mpi4py: win.Lock_all.
   */
  lockAll(options?: WindowCallOptions): Promise<WindowLock> {
    return this.ilockAll(options).wait()
  }

  /** As `lockAll`, as a request. */
  ilockAll(options: WindowCallOptions = {}): Request<WindowLock> {
    return this.#simple<WindowLock>(SIGNAL, options, (request) => {
      this.#epochs.lockAll(request.site)
      let left = this.size
      for (let target = 0; target < this.size && !request.settled; target++) {
        this.#locks.take(target, true, this.#parts[target]!.control, request.site, (error) => {
          if (error !== null) request.settle(error)
          else if (--left === 0) request.settle(null, this.#lockOf(undefined, true, this.#locks.all()))
        })
      }
      request.onSettled(() => {
        if (!request.failed) return
        for (const { target } of this.#locks.all()) this.#give(target)
        this.#epochs.unlockAll()
      })
    })
  }

  /**
   * Completes this rank's calls to a part and gives its lock back, as `lock.release()` does; without a target those of `lockAll`. Errors:
   * RmaSyncError where it is not held. MPI: MPI_Win_unlock, MPI_Win_unlock_all; mpi4py: win.Unlock, Unlock_all.
   */
  unlock(target?: number): Promise<void> {
    if (target === PROC_NULL) return done()
    return this.#unlock(target)
  }

  /** As `unlock`, as a request. */
  iunlock(target?: number): Request<void> {
    return this.#simple<void>(SIGNAL, {}, (request) => {
      if (target === PROC_NULL) return request.settle(null, undefined)
      this.#releasing(target, () => request.settle(null, undefined))
    })
  }

  /**
   * This rank's calls, to one target or to all, are complete there. Errors: RankError, FreedError. MPI:
   * MPI_Win_flush, MPI_Win_flush_all; mpi4py: win.Flush.
   */
  flush(target?: number): Promise<void> {
    return this.#isIdle(target) ? done() : awaited(this.iflush(target))
  }

  /** As `flush`, as a request. */
  iflush(target?: number): Request<void> {
    return this.#simple<void>(SIGNAL, {}, (request) => {
      if (target === PROC_NULL) return request.settle(null, undefined)
      if (target !== undefined) this.#checkRank(target)
      this.#quiet(target === undefined ? this.#everybody() : [target], () => request.settle(null, undefined))
    })
  }

  /** The data of this rank's calls may change; as `flush`. MPI: MPI_Win_flush_local; mpi4py: win.Flush_local. */
  flushLocal(target?: number): Promise<void> {
    return this.flush(target)
  }

  /** As `flushLocal`, as a request. */
  iflushLocal(target?: number): Request<void> {
    return this.iflush(target)
  }

  /**
   * A memory fence: what this thread has stored is seen before what it stores from now on. Errors: FreedError. MPI: MPI_Win_sync; mpi4py:
   * win.Sync.
   */
  sync(): Promise<void> {
    return this.isync().wait()
  }

  /** As `sync`, as a request. */
  isync(): Request<void> {
    return this.#simple<void>(SIGNAL, {}, (request) => {
      Atomics.load(fenceWord, 0)
      request.settle(null, undefined)
    })
  }

  /**
   * Opens this rank's part to the ranks of a group. Errors: RmaSyncError twice without `wait` between; RankError. MPI: MPI_Win_post,
   * MPI 4.1 §12.5.2; mpi4py: win.Post.
   */
  post(group: Group): Promise<void> {
    return this.ipost(group).wait()
  }

  /** As `post`, as a request. */
  ipost(group: Group): Request<void> {
    return this.#simple<void>(SIGNAL, {}, (request) => {
      const ranks = this.#ranksOf(group)
      this.#epochs.post(ranks, request.site)
      for (const rank of ranks) this.#posted.say(rank)
      request.settle(null, undefined)
    })
  }

  /**
   * Waits until all ranks of a group have posted; from the call to `complete` calls may only go to them. Errors: RmaSyncError twice without
   * `complete` between, or while a lock is held; RankFailedError. MPI: MPI_Win_start; mpi4py: win.Start.
   */
  start(group: Group, options?: WindowCallOptions): Promise<void> {
    return this.istart(group, options).wait()
  }

  /** As `start`, as a request. */
  istart(group: Group, options: WindowCallOptions = {}): Request<void> {
    return this.#simple<void>(SIGNAL, options, (request) => {
      const ranks = this.#ranksOf(group)
      this.#epochs.start(ranks, request.site)
      this.#starting = request
      this.#posted.wait(ranks, request.site, 'start', (error) => request.settle(error, undefined))
    })
  }

  /** Ends what `start` has begun: this rank's calls are complete. Errors: RmaSyncError without it. MPI: MPI_Win_complete. */
  complete(): Promise<void> {
    return this.icomplete().wait()
  }

  /** As `complete`, as a request. */
  icomplete(): Request<void> {
    return this.#simple<void>(SIGNAL, {}, (request) => {
      const group = this.#epochs.complete()
      const starting = this.#starting!
      starting.onSettled(() => {
        if (starting.failed) return request.settle(starting.failure)
        this.#quiet(group, () => {
          for (const rank of group) this.#completed.say(rank)
          request.settle(null, undefined)
        })
      })
    })
  }

  /**
   * Waits until all that `post` has opened this part to have completed. Errors: RmaSyncError without `post`; RankFailedError. MPI:
   * MPI_Win_wait.
   */
  wait(options?: WindowCallOptions): Promise<void> {
    return this.iwait(options).wait()
  }

  /** As `wait`, as a request. */
  iwait(options: WindowCallOptions = {}): Request<void> {
    return this.#simple<void>(SIGNAL, options, (request) => {
      const group = this.#epochs.exposed('wait')
      if (this.#isEnding) throw new RmaSyncError('wait: this rank waits for the end of the exposure epoch already; await that call')
      this.#isEnding = true
      this.#completed.wait(group, request.site, 'wait', (error) => {
        this.#isEnding = false
        this.#epochs.endExposure()
        request.settle(error, undefined)
      })
    })
  }

  /** Whether all that `post` has opened this part to have completed, which ends that; polls. Errors: as `wait`. MPI: MPI_Win_test. */
  test(): boolean {
    return this.#here(() => {
      this.#checkOpen()
      const group = this.#epochs.exposed('test')
      this.#core.poll()
      if (this.#isEnding || !this.#completed.test(group)) return false
      this.#epochs.endExposure()
      return true
    })
  }

  // Beyond MPI

  /**
   * What others have written to this rank's part with `notify`: emitted after it can be seen, each once, in order of a source. Without a
   * subscriber they wait, 65,536 of a source, then the source's calls wait. Several subscribers share them out.
   *
   *     rank 1   put({ notify: 7 })   a-----b
   *     rank 0   notifications()      -a-----b
   *
   * Errors: RankError, TagError at the call; FreedError, RankFailedError of a source that is named.
   */
  notifications(options: { source?: number; tag?: number } = {}): Observable<Notification> {
    return this.#here(() => {
      this.#checkOpen()
      checkOptions(options, NOTIFIED, '{ source: 1 }')
      const { source = ANY_SOURCE, tag = ANY_TAG } = options
      checkSource(source, this.size)
      checkReceiveTag(tag)
      return this.#notifications.stream(source, tag, recordCallSite())
    })
  }

  /**
   * What calls of other ranks and of this one write into this rank's part, told after it can be seen. A state, not a log: what comes while
   * the subscriber is busy is merged into one span. Plain stores and `Atomics` are not seen; `touch` tells of them. Errors: CountError.
   */
  changes(options: { at?: number; count?: number } = {}): Observable<Change> {
    return this.#here(() => {
      this.#checkOpen()
      checkOptions(options, SPAN, '{ at: 0, count: 8 }')
      const { at = 0, count = Number.POSITIVE_INFINITY } = options
      checkAt(at)
      if (count !== Number.POSITIVE_INFINITY) checkCount(count, 'count')
      const length = this.lengths[this.rank]!
      if (at > length || (count !== Number.POSITIVE_INFINITY && at + count > length)) {
        throw new CountError(`at: elements from ${at} on reach outside this rank's part, which has ${length}`)
      }
      return this.#changes.stream(at, Math.min(length, at + count), recordCallSite())
    })
  }

  /** Tells `changes` at the target of what was stored there by plain stores or `Atomics`. Errors: RankError, CountError. */
  touch(options: { target: number; at?: number; count?: number }): void {
    this.#here(() => {
      this.#checkOpen()
      checkOptions(options, TOUCHED, '{ target: 1 }')
      const { target, at = 0, count } = options
      if (target === PROC_NULL) return
      this.#checkRank(target)
      const part = this.#parts[target]!
      checkAt(at)
      const place = rowIn(part, at, count ?? Math.max(0, part.length - at))
      this.#changes.tell(target, place.at, place.at + place.span)
    })
  }

  /**
   * Adds memory to this rank's part, locally: `target: remote` names it on any rank that was sent what this returns. It is served by this
   * rank. MPI: MPI_Win_attach of a dynamic window, MPI 4.1 §12.2.4; mpi4py: win.Attach.
   */
  attach(memory: Viewed): Remote {
    return this.#here(() => {
      this.#checkOpen()
      const say: PartSay = { ...sayOf(memory), kind: 'private' }
      const part = new Part(this.rank, say)
      part.own(memory)
      const id = ++this.#attachments
      this.#own.set(id, part)
      return { window: this.name, rank: this.rank, part: id, memory: say as unknown as Remote['memory'] }
    })
  }

  /**
   * Ends what `attach` has begun: later calls on it get FreedError. Errors: ArgumentError for what is not attached here. MPI:
   * MPI_Win_detach.
   */
  detach(remote: Remote): void {
    this.#here(() => {
      this.#checkOpen()
      if (remote?.rank !== this.rank || remote.window !== this.name || remote.part === 0 || !this.#own.delete(remote.part)) {
        throw new ArgumentError(`remote: expected what attach has given on this rank and was not detached, got ${shown(remote)}`)
      }
    })
  }

  // Its end

  /**
   * Frees the window on all ranks, when all that is under way on any is complete. Called by all ranks. Errors: RmaSyncError while a lock is
   * held or an epoch open. MPI: MPI_Win_free; mpi4py: win.Free.
   */
  close(options?: WindowCallOptions): Promise<void> {
    return this.iclose(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options: WindowCallOptions = {}): Request<void> {
    return this.#simple<void>(SIGNAL, options, (request) => {
      this.#epochs.fence('close')
      this.#together(request, makeClose, options, () => {
        request.settle(null, undefined)
        this.#end(new FreedError(`window '${this.name}' was closed`), true)
      })
    })
  }

  /**
   * Gives the window up, on this rank and at once: what is pending fails with a FreedError, so do later calls, and those of other ranks
   * that
   * need this rank's part. A second time does nothing. Local; MPI has no such call.
   */
  free(): void {
    if (this.#obstacle === undefined)
      this.#end(new FreedError(`window '${this.name}' was freed on this rank; make it again, or free it later`), false)
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  // At once, in shared memory of this host. What is not plain is left to the calls that check all.

  /** The lock of a part that nobody has. */
  #lockNow(target: number): WindowLock | undefined {
    const part = this.#parts[target]
    if (part?.control === undefined || part.isEnded || this.#atOnce.isShut) return undefined
    if (this.#epochs.isStarted || this.#epochs.holds(target)) return undefined
    const site = recordCallSite()
    if (!this.#locks.takeFree(target, part.control, site)) return undefined
    this.#epochs.lock(target, site)
    return this.#lockOf(target, false, undefined)
  }

  // All others

  #get(from: WindowFrom): Request<unknown> {
    return this.#request<unknown>(GET_FROM, from, undefined, (request, part) => {
      const { count, into, layout, at = 0 } = from
      if (count === undefined && into === undefined && layout === undefined) {
        throw new ArgumentError('count: how much is read? Give count, into or a layout')
      }
      if (count !== undefined) checkCount(count, 'count')
      let given = into === undefined ? undefined : givenBy(into, 'into')
      let place: Place
      if (layout !== undefined) place = laidOver(part, at, layout, count ?? 1)
      else {
        const fits = given === undefined ? 0 : Math.floor(given.bytes / part.unit.signature.bytes)
        if (given !== undefined && count !== undefined && count > fits) {
          throw new CountError(`count: ${count} elements do not fit into, which has room for ${fits}`)
        }
        place = rowIn(part, at, count ?? fits)
      }
      if (given !== undefined && count === undefined) checkMatch(part, place, given.signature, 'into')
      else if (given !== undefined && place.signature !== undefined && place.signature.rootText !== given.signature.rootText) {
        throw new DatatypeError(`into: ${given.signature} do not match what is meant of the part of rank ${part.rank}, ${place.signature}`)
      }
      const result = into ?? this.#resultFor(part, place, layout)
      given ??= givenBy(result, 'into')
      this.#calls.act(request, {
        part,
        operation: operationOf(GET, place),
        place,
        into: given,
        isGiven: into !== undefined,
        result: () => result
      })
    })
  }

  /** What is read, as an array of the part's kind. */
  #resultFor(part: Part, { signature, span, bytes }: Place, layout: Layout | undefined): Target {
    const local = this.local as unknown
    if (
      part.isRecords &&
      layout === undefined &&
      local instanceof Records &&
      local.unit.signature.rootText === part.unit.signature.rootText
    ) {
      return local.struct.allocate(span) as Target
    }
    const code = signature?.isHomogeneous === true && signature.root.length > 0 ? signature.datatype : BYTES
    return valueOn(code, new ArrayBuffer(bytes)) as BufferLike
  }

  #accumulate(data: Target, op: AnyOp | WindowTo | undefined, at: WindowTo | undefined): Request<void> {
    const [how, where] = opAnd(op, at)
    return this.#request<void>(PUT_TO, where, undefined, (request, part) => {
      const given = givenBy(data, 'data')
      const place = this.#placeFor(part, where, given, 'data')
      const code = atomicType(part, place, given.signature)
      const name = opOn(how, code)
      this.#calls.act(request, {
        part,
        operation: { ...operationOf(ACCUMULATE, place), code, op: name },
        place,
        data: given,
        notify: where.notify,
        result: () => undefined
      })
    })
  }

  #getAccumulate(
    data: Target,
    op: AnyOp | (WindowTo & { into?: Target }) | undefined,
    at: (WindowTo & { into?: Target }) | undefined
  ): Request<unknown> {
    const [how, where] = opAnd(op, at)
    return this.#request<unknown>(GET_AND_PUT, where, undefined, (request, part) => {
      const given = givenBy(data, 'data')
      const place = this.#placeFor(part, where, given, 'data')
      const code = atomicType(part, place, given.signature)
      const name = opOn(how, code)
      const { into } = where
      const result = into ?? (valueOn(code, new ArrayBuffer(given.bytes)) as BufferLike)
      const target = givenBy(result, 'into')
      if (into !== undefined) {
        if (target.signature.rootText !== given.signature.rootText && given.bytes > 0) {
          throw new DatatypeError(`into: ${target.signature} do not match data, ${given.signature}`)
        }
        if (target.bytes < given.bytes) {
          throw new CountError(`into: it has room for ${target.signature.elements} elements, data has ${given.signature.elements}`)
        }
      }
      const operation = { ...operationOf(GET_ACCUMULATE, place), code, op: name }
      const isGiven = into !== undefined
      this.#calls.act(request, { part, operation, place, data: given, into: target, isGiven, notify: where.notify, result: () => result })
    })
  }

  #fetch(value: ElementOf<A>, op: AnyOp | WindowTo | undefined, at: WindowTo | undefined): Request<ElementOf<A>> {
    const [how, where] = opAnd(op, at)
    return this.#request<ElementOf<A>>(PUT_TO, where, undefined as never, (request, part) => {
      const place = this.#element(part, where)
      const { code } = part
      const name = opOn(how, code)
      const data = elements(part, 1)
      if (name !== 'NO_OP') data[0] = elementValue(part, value, 'value')
      const into = elements(part, 1)
      const operation = { ...operationOf(GET_ACCUMULATE, place), code, op: name }
      const given = givenBy(data, 'value')
      this.#calls.act(request, {
        part,
        operation,
        place,
        data: given,
        into: givenBy(into, 'into'),
        notify: where.notify,
        result: () => into[0] as ElementOf<A>
      })
    })
  }

  /** One element of a part. */
  #element(part: Part, { at = 0, layout }: WindowAt): Place {
    if (layout !== undefined) throw new ArgumentError('layout: this call is on one element; give at')
    const place = rowIn(part, at, 1)
    atomicType(part, place, part.unit.signature)
    return place
  }

  #placeFor(part: Part, { at = 0, layout }: WindowAt, given: Given, name: string): Place {
    if (layout !== undefined) {
      const place = laidOver(part, at, layout, 1)
      checkMatch(part, place, given.signature, name)
      return place
    }
    const { unit } = part
    if (!part.isBytes && given.bytes > 0 && given.signature.rootText !== unit.signature.rootText) {
      throw new DatatypeError(
        `${name}: ${given.signature} do not match the part of rank ${part.rank}, whose elements are ${unit.signature}`
      )
    }
    const count = given.bytes / unit.signature.bytes
    if (!Number.isInteger(count)) throw new CountError(`${name}: its ${given.bytes} bytes are no whole number of ${unit.signature.bytes}`)
    return rowIn(part, at, count)
  }

  /** A call on a part: checks what all have in common, and tells what is wrong where it was made. */
  #request<T>(names: AnyNames, at: WindowAt, nothing: T, run: (request: CallRequest<T>, part: Part) => void): CallRequest<T> {
    return this.#simple<T>(names, at, (request) => {
      const { target, notify } = at as WindowTo
      if (target === PROC_NULL) return request.settle(null, nothing)
      if (notify !== undefined) checkTag(notify, 'notify')
      const part = this.#partOf(target)
      this.#epochs.call(part.rank)
      run(request, part)
    })
  }

  #simple<T>(names: AnyNames, options: { signal?: AbortSignal }, run: (request: CallRequest<T>) => void): CallRequest<T> {
    const request = new CallRequest<T>(this.#core, recordCallSite())
    try {
      this.#checkOpen()
      checkOptions(options, names, '{ target: 1 }')
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      run(request)
      if (request.settled) return request
      const one = request as CallRequest<unknown>
      this.#pending.add(one)
      one.onSettled(() => this.#pending.delete(one))
      if (signal !== undefined) abandonOn(signal, one, (error) => one.fail(error))
      return request
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.#core, captureCallSite()).refuse(error)
    }
  }

  #partOf(target: number | Remote): Part {
    if (typeof target !== 'object' || target === null) {
      this.#checkRank(target)
      const part = this.#parts[target]!
      this.#checkThere(part)
      return part
    }
    let part = this.#remotes.get(target)
    if (part === undefined) {
      if (target.window !== this.name || !Number.isInteger(target.part)) {
        throw new ArgumentError(`target: expected a rank, or what attach has given on a rank of '${this.name}', got ${shown(target)}`)
      }
      this.#checkRank(target.rank)
      part = new Part(target.rank, target.memory as unknown as PartSay)
      this.#ids.set(part, target.part)
      this.#remotes.set(target, part)
    }
    this.#checkThere(this.#parts[part.rank]!)
    return part
  }

  // Locks

  #give(target: number): void {
    const held = this.#locks.of(target)
    if (held !== undefined) this.#locks.give(held, this.#parts[target]!.control)
  }

  #lockOf(target: number | undefined, shared: boolean, held?: readonly HeldLock[]): WindowLock {
    const abandoned = held?.find(({ abandoned: by }) => by !== undefined)?.abandoned
    const lock: WindowLock = new WindowLock(target, shared, abandoned, () => (this.#given[place] === lock ? this.#unlock(target) : done()))
    const place = target ?? this.size
    this.#given[place] = lock
    return lock
  }

  /** @internal For a report of what was not freed. */
  get holdings(): Holding[] {
    return this.#given.flatMap((lock, place) => {
      if (lock === undefined) return []
      const what = place === this.size ? 'all parts' : `rank ${place}'s part`
      return [{ describe: () => `the lock of ${what} of ${this.#service.what}`, site: this.#epochs.lockSite(place) }]
    })
  }

  #unlock(target: number | undefined): Promise<void> {
    try {
      this.#checkOpen()
      let isDone = false
      let wake: (() => void) | undefined
      this.#releasing(target, () => {
        isDone = true
        wake?.()
      })
      return isDone ? done() : new Promise((resolve) => (wake = resolve))
    } catch (error) {
      return Promise.reject(this.#core.inContext(error, captureCallSite()))
    }
  }

  /** Gives a lock back, when the calls under it are complete. */
  #releasing(target: number | undefined, released: () => void): void {
    if (target !== undefined) this.#checkRank(target)
    const targets = target === undefined ? this.#everybody() : [target]
    if (target === undefined ? this.#epochs.isAllLocked : this.#epochs.holds(target)) {
      for (const one of targets) {
        if (this.#locks.of(one)?.isHeld !== false) continue
        throw new RmaSyncError(`unlock: the lock of rank ${one}'s part is not granted yet; await it first`)
      }
    }
    if (target === undefined) this.#epochs.unlockAll()
    else this.#epochs.unlock(target)
    this.#given[target ?? this.size] = undefined
    this.#quiet(targets, () => {
      for (const one of targets) this.#give(one)
      released()
    })
  }

  // What must be done before something else

  #everybody(): number[] {
    return Array.from({ length: this.size }, (_, rank) => rank)
  }

  #isIdle(target: number | undefined): boolean {
    if (this.#atOnce.isShut) return false
    if (target === undefined) return this.#pipelines.every(({ isIdle }) => isIdle)
    return this.#pipelines[target]?.isIdle === true
  }

  /** Calls back when this rank's calls to some targets are complete. */
  #quiet(targets: Iterable<number>, then: () => void): void {
    let left = 1
    const one = (): void => {
      if (--left === 0) then()
    }
    for (const target of targets) {
      if (this.#pipelines[target]!.isIdle) continue
      left++
      this.#pipelines[target]!.idle(one)
    }
    one()
  }

  /** What all ranks do together, after their calls are complete. */
  #together(request: CallRequest<void>, make: Make<null, null>, { signal }: WindowCallOptions, then: () => void): void {
    const { rift } = this.#meetings
    if (rift !== undefined) throw rift
    this.#quiet(this.#everybody(), () => {
      const { rift } = this.#meetings
      if (rift !== undefined) return request.settle(rift)
      // Who has given up meanwhile takes part all the same, for others wait.
      const options = signal?.aborted ? {} : { signal }
      const meeting = call(this.#caller, make, null, options, undefined, request.site)
      meeting.onSettled(this.#meetings.begin((error) => request.settle(error)))
      meeting.subscribe({ next: then, error: (error) => request.settle(error) })
    })
  }

  // What becomes of it

  #checkOpen(): void {
    if (this.#obstacle !== undefined) throw this.#obstacle
    if (this.#core.revoked) this.#core.checkAlive()
  }

  #checkRank(rank: unknown): asserts rank is number {
    if (Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < this.size) return
    throw new RankError(
      `target: ${shown(rank)} is no rank of window '${this.name}'; expected an integer from 0 to ${this.size - 1}, or PROC_NULL`
    )
  }

  #checkThere(part: Part): void {
    const error = this.#whyEnded(part.rank)
    if (error !== undefined) throw error
  }

  /** Why nothing comes of a rank any more. */
  #whyEnded(rank: number): Error | undefined {
    if (!this.#parts[rank]!.isEnded) return undefined
    const gone = this.#core.inVain(this.#core.memberOf(rank))
    return gone ?? new FreedError(`rank ${rank} has freed window '${this.name}', and its part with that`)
  }

  #ranksOf(group: Group): ReadonlySet<number> {
    checkGroup(group, 'group')
    const ranks = group.translateRanks([...Array(group.size).keys()], this.group)
    if (!ranks.includes(undefined)) return new Set(ranks as number[])
    throw new RankError(`group: it has ranks that are not in window '${this.name}'; give some of win.group`)
  }

  #lose(rank: number): void {
    this.#parts[rank]!.isEnded = true
  }

  /** Another rank has given the window up. */
  #part(rank: number, ended: number): void {
    this.#parts[rank]!.isEnded = true
    if (this.#obstacle !== undefined) return
    this.#waits.lose(rank, this.#whyEnded(rank)!)
    this.#meetings.breakOff(new FreedError(`rank ${rank} has freed window '${this.name}', which this call needs all ranks for`), ended)
  }

  #end(obstacle: FreedError, isOrderly: boolean): void {
    if (this.#obstacle !== undefined) return
    this.#obstacle = obstacle
    this.#atOnce.isShut = true
    this.#calls.obstacle = obstacle
    this.#keeper.end(obstacle)
    const core = this.#core
    core.endpoint.unfreed.delete(this)
    this.#given.fill(undefined)
    const own = this.#parts[this.rank]!
    own.control?.free()
    this.#release?.()
    for (const { target } of this.#locks.all()) this.#give(target)
    if (!isOrderly) {
      const { ended } = this.#meetings
      for (const request of [...this.#pending]) request.fail(obstacle)
      for (let rank = 0; rank < this.size; rank++) if (rank !== this.rank) this.#service.tell(rank, FREED, [ended])
    }
    this.#waits.end(obstacle, isOrderly)
    core.endpoint.transport.unattend?.(core.id + CONTROL)
    if (isOrderly) this.#service.close()
    else this.#service.retire(obstacle)
    this.#caller.core.release()
  }

  #here<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.#core.inContext(error, captureCallSite())
    }
  }
}

staysHere(Window, 'a window')

const BYTES = 2
const fenceWord = new Int32Array(new SharedArrayBuffer(4))

const operationOf = (kind: number, { offset, bytes, form }: Place): Operation => ({ kind, offset, bytes, form, code: BYTES, op: 'REPLACE' })

const elements = (part: Part, count: number): TypedArray =>
  valueOn(part.code, new ArrayBuffer(count * elementSize(part.code))) as TypedArray

function elementValue(part: Part, value: unknown, name: string): never {
  if (isValueOf(part.code, value)) return value as never
  const expected = typeof elements(part, 1)[0]
  throw new DatatypeError(`${name}: an element of the part of rank ${part.rank} is ${withArticle(expected)}, got ${shown(value)}`)
}

/** The op may be left out. */
function opAnd<T extends WindowAt>(op: AnyOp | T | undefined, at: T | undefined): [op: AnyOp, at: T] {
  if (op === undefined) return [SUM as AnyOp, at as T]
  return at === undefined && !isPredefined(op) && typeof (op as AnyOp).combine !== 'function'
    ? [SUM as AnyOp, op as T]
    : [op as AnyOp, at as T]
}

/** Throws where an op is none, or does not take elements of a type. */
function opOn(op: AnyOp, code: number): PredefinedName {
  if (!isPredefined(op)) {
    if (typeof (op as AnyOp | undefined)?.combine === 'function') {
      throw new ArgumentError(
        `op: '${op.name}' is an op of the program's, which cannot run where the part is; use SUM or another predefined one`
      )
    }
    throw new ArgumentError(`op: expected SUM or another predefined op, got ${shown(op)}`)
  }
  op.check(valueOn(code, new ArrayBuffer(0)), 'data')
  return op.name
}

function checkFlag(name: string, flag: unknown): boolean {
  if (flag === undefined || typeof flag === 'boolean') return flag === true
  throw new ArgumentError(`${name}: expected true or false, got ${shown(flag)}`)
}

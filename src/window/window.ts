import type { Observable } from 'rxjs'
import { STAYS, staysHere } from '../codec/refusal.js'
import type { Group } from '../core/group.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { Viewed } from '../layout/view.js'
import type { AnyOp } from '../op/op.js'
import type { Holding } from '../progress/endpoint.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import type { ActiveTarget } from './active-target.js'
import type { AtOnce } from './at-once.js'
import type { Change } from './changes.js'
import type { Communication } from './communication.js'
import type { Notification } from './notifications.js'
import type { ElementOf, LockOptions, Remote, WindowCallOptions, WindowFrom, WindowTo } from './options.js'
import type { PartKind } from './part.js'
import type { PassiveTarget } from './passive-target.js'
import { awaited, done, doneWith } from './turn.js'
import { WindowCore, type WindowParts } from './window-core.js'
import type { WindowLock } from './window-lock.js'

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
  readonly #core: WindowCore
  readonly #atOnce: AtOnce
  readonly #communication: Communication
  readonly #activeTarget: ActiveTarget
  readonly #passiveTarget: PassiveTarget

  /** @internal */
  constructor(made: WindowParts) {
    const { service, parts } = made
    const { rank, size } = service.core
    this.rank = rank
    this.size = size
    this.group = made.group
    this.name = made.name
    this.site = made.site
    this.local = parts[rank]!.value as A
    this.whole = made.whole as A | undefined
    this.lengths = Object.freeze(parts.map(({ length }) => length))
    this.kinds = Object.freeze(parts.map(({ kind }) => kind))
    const core = new WindowCore(made, this)
    this.#core = core
    this.#atOnce = core.atOnce
    this.#communication = core.communication
    this.#activeTarget = core.activeTarget
    this.#passiveTarget = core.passiveTarget
  }

  /**
   * The part of a rank itself, for plain loads, stores and `Atomics`, where the rank is on this host and its part is shared; of `PROC_NULL`
   * the first part that is not empty. Another rank's plain store is seen when something has told of it: a barrier, a fence, a notification.
   * Errors: RankError. MPI: MPI_Win_shared_query; mpi4py: win.Shared_query.
   */
  shared(rank: number): A | undefined {
    return this.#core.requests.here(() => this.#core.targets.shared(rank) as A | undefined)
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
    return this.#atOnce.put(data, at) ? done() : awaited(this.#communication.put(data, at))
  }

  /** As `put`, as a request. MPI: MPI_Rput; mpi4py: win.Rput. */
  iput(data: Target, at: WindowTo): Request<void> {
    return this.#communication.put(data, at)
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
    return now === undefined ? awaited(this.#communication.get(from, this.local)) : doneWith(now)
  }

  /** As `get`, as a request. MPI: MPI_Rget; mpi4py: win.Rget. */
  iget<B extends Target>(from: WindowFrom & { into: B }): Request<B>
  iget(from: WindowFrom): Request<A>
  iget(from: WindowFrom): Request<unknown> {
    return this.#communication.get(from, this.local)
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
    return at !== undefined && this.#atOnce.accumulate(data, op as AnyOp, at)
      ? done()
      : awaited(this.#communication.accumulate(data, op, at))
  }

  /** As `accumulate`, as a request. MPI: MPI_Raccumulate; mpi4py: win.Raccumulate. */
  iaccumulate(data: Target, op: AnyOp | undefined, at: WindowTo): Request<void>
  iaccumulate(data: Target, at: WindowTo): Request<void>
  iaccumulate(data: Target, op: AnyOp | WindowTo | undefined, at?: WindowTo): Request<void> {
    return this.#communication.accumulate(data, op, at)
  }

  /**
   * As `accumulate`, and gives what was there before; with `NO_OP` an atomic get. Shape: an array of the kind of `data`, or `into`.
   * Errors: as `accumulate`. MPI: MPI_Get_accumulate; mpi4py: win.Get_accumulate.
   */
  getAccumulate(data: Target, op: AnyOp | undefined, at: WindowTo & { into?: Target }): Promise<A>
  getAccumulate(data: Target, at: WindowTo & { into?: Target }): Promise<A>
  getAccumulate(data: Target, op: AnyOp | (WindowTo & { into?: Target }) | undefined, at?: WindowTo & { into?: Target }): Promise<A> {
    return awaited(this.#communication.getAccumulate(data, op, at)) as Promise<A>
  }

  /** As `getAccumulate`, as a request. MPI: MPI_Rget_accumulate; mpi4py: win.Rget_accumulate. */
  igetAccumulate(data: Target, op: AnyOp | undefined, at: WindowTo & { into?: Target }): Request<A>
  igetAccumulate(data: Target, at: WindowTo & { into?: Target }): Request<A>
  igetAccumulate(data: Target, op: AnyOp | (WindowTo & { into?: Target }) | undefined, at?: WindowTo & { into?: Target }): Request<A> {
    return this.#communication.getAccumulate(data, op, at) as Request<A>
  }

  /**
   * Changes one element as `accumulate` does, and gives what was there before. `NO_OP` ignores the value. Errors: as `accumulate`. MPI:
   * MPI_Fetch_and_op; mpi4py: win.Fetch_and_op.
   */
  fetchAndOp(value: ElementOf<A>, op: AnyOp | undefined, at: WindowTo): Promise<ElementOf<A>>
  fetchAndOp(value: ElementOf<A>, at: WindowTo): Promise<ElementOf<A>>
  fetchAndOp(value: ElementOf<A>, op: AnyOp | WindowTo | undefined, at?: WindowTo): Promise<ElementOf<A>> {
    const now = at === undefined ? undefined : this.#atOnce.fetchAndOp(value, op as AnyOp, at)
    return now === undefined
      ? (awaited(this.#communication.fetchAndOp(value, op, at)) as Promise<ElementOf<A>>)
      : doneWith(now as ElementOf<A>)
  }

  /** As `fetchAndOp`, as a request. */
  ifetchAndOp(value: ElementOf<A>, op: AnyOp | undefined, at: WindowTo): Request<ElementOf<A>>
  ifetchAndOp(value: ElementOf<A>, at: WindowTo): Request<ElementOf<A>>
  ifetchAndOp(value: ElementOf<A>, op: AnyOp | WindowTo | undefined, at?: WindowTo): Request<ElementOf<A>> {
    return this.#communication.fetchAndOp(value, op, at) as Request<ElementOf<A>>
  }

  /**
   * Puts `value` in the place of an element that equals `expected`, at once; gives what was there, so it was swapped if that equals
   * `expected`. On integers. Errors: as `accumulate`; DatatypeError for floats. MPI: MPI_Compare_and_swap; mpi4py: win.Compare_and_swap.
   */
  compareAndSwap(expected: ElementOf<A>, value: ElementOf<A>, at: WindowTo): Promise<ElementOf<A>> {
    const now = this.#atOnce.compareAndSwap(expected, value, at)
    return now === undefined
      ? (awaited(this.#communication.compareAndSwap(expected, value, at)) as Promise<ElementOf<A>>)
      : doneWith(now as ElementOf<A>)
  }

  /** As `compareAndSwap`, as a request. */
  icompareAndSwap(expected: ElementOf<A>, value: ElementOf<A>, at: WindowTo): Request<ElementOf<A>> {
    return this.#communication.compareAndSwap(expected, value, at) as Request<ElementOf<A>>
  }

  // Synchronisation

  /**
   * All that any rank has done is complete and seen by all. Called by all ranks. Errors: RmaSyncError while a lock is held or an epoch
   * open;
   * RankFailedError. Cost: a barrier. MPI: MPI_Win_fence, MPI 4.1 §12.5.1; mpi4py: win.Fence.
   */
  fence(options?: WindowCallOptions): Promise<void> {
    return this.#activeTarget.fence(options).wait()
  }

  /** As `fence`, as a request. */
  ifence(options?: WindowCallOptions): Request<void> {
    return this.#activeTarget.fence(options)
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
    const lock = options === undefined ? this.#passiveTarget.lockNow(target) : undefined
    return lock === undefined ? awaited(this.#passiveTarget.lock(target, options)) : doneWith(lock)
  }

  /** As `lock`, as a request. */
  ilock(target: number, options?: LockOptions): Request<WindowLock> {
    return this.#passiveTarget.lock(target, options)
  }

  /**
   * Locks the parts of all ranks, shared. Errors: as `lock`. MPI: MPI_Win_lock_all; mpi4py: win.Lock_all.
   */
  lockAll(options?: WindowCallOptions): Promise<WindowLock> {
    return this.#passiveTarget.lockAll(options).wait()
  }

  /** As `lockAll`, as a request. */
  ilockAll(options?: WindowCallOptions): Request<WindowLock> {
    return this.#passiveTarget.lockAll(options)
  }

  /**
   * Completes this rank's calls to a part and gives its lock back, as `lock.release()` does; without a target those of `lockAll`. Errors:
   * RmaSyncError where it is not held. MPI: MPI_Win_unlock, MPI_Win_unlock_all; mpi4py: win.Unlock, Unlock_all.
   */
  unlock(target?: number): Promise<void> {
    return this.#passiveTarget.unlockNow(target)
  }

  /** As `unlock`, as a request. */
  iunlock(target?: number): Request<void> {
    return this.#passiveTarget.unlock(target)
  }

  /**
   * This rank's calls, to one target or to all, are complete there. Errors: RankError, FreedError. MPI:
   * MPI_Win_flush, MPI_Win_flush_all; mpi4py: win.Flush.
   */
  flush(target?: number): Promise<void> {
    return this.#passiveTarget.isFlushed(target) ? done() : awaited(this.#passiveTarget.flush(target))
  }

  /** As `flush`, as a request. */
  iflush(target?: number): Request<void> {
    return this.#passiveTarget.flush(target)
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
    return this.#passiveTarget.sync().wait()
  }

  /** As `sync`, as a request. */
  isync(): Request<void> {
    return this.#passiveTarget.sync()
  }

  /**
   * Opens this rank's part to the ranks of a group. Errors: RmaSyncError twice without `wait` between; RankError. MPI: MPI_Win_post,
   * MPI 4.1 §12.5.2; mpi4py: win.Post.
   */
  post(group: Group): Promise<void> {
    return this.#activeTarget.post(group).wait()
  }

  /** As `post`, as a request. */
  ipost(group: Group): Request<void> {
    return this.#activeTarget.post(group)
  }

  /**
   * Waits until all ranks of a group have posted; from the call to `complete` calls may only go to them. Errors: RmaSyncError twice without
   * `complete` between, or while a lock is held; RankFailedError. MPI: MPI_Win_start; mpi4py: win.Start.
   */
  start(group: Group, options?: WindowCallOptions): Promise<void> {
    return this.#activeTarget.start(group, options).wait()
  }

  /** As `start`, as a request. */
  istart(group: Group, options?: WindowCallOptions): Request<void> {
    return this.#activeTarget.start(group, options)
  }

  /** Ends what `start` has begun: this rank's calls are complete. Errors: RmaSyncError without it. MPI: MPI_Win_complete. */
  complete(): Promise<void> {
    return this.#activeTarget.complete().wait()
  }

  /** As `complete`, as a request. */
  icomplete(): Request<void> {
    return this.#activeTarget.complete()
  }

  /**
   * Waits until all that `post` has opened this part to have completed. Errors: RmaSyncError without `post`; RankFailedError. MPI:
   * MPI_Win_wait.
   */
  wait(options?: WindowCallOptions): Promise<void> {
    return this.#activeTarget.wait(options).wait()
  }

  /** As `wait`, as a request. */
  iwait(options?: WindowCallOptions): Request<void> {
    return this.#activeTarget.wait(options)
  }

  /** Whether all that `post` has opened this part to have completed, which ends that; polls. Errors: as `wait`. MPI: MPI_Win_test. */
  test(): boolean {
    return this.#activeTarget.test()
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
    return this.#core.requests.here(() => this.#core.notifications.stream(options))
  }

  /**
   * What calls of other ranks and of this one write into this rank's part, told after it can be seen. A state, not a log: what comes while
   * the subscriber is busy is merged into one span. Plain stores and `Atomics` are not seen; `touch` tells of them. Errors: CountError.
   */
  changes(options: { at?: number; count?: number } = {}): Observable<Change> {
    return this.#core.requests.here(() => this.#core.changes.stream(options, this.lengths[this.rank]!))
  }

  /** Tells `changes` at the target of what was stored there by plain stores or `Atomics`. Errors: RankError, CountError. */
  touch(options: { target: number; at?: number; count?: number }): void {
    this.#core.requests.here(() => this.#core.changes.touch(options, this.#core.targets))
  }

  /**
   * Adds memory to this rank's part, locally: `target: remote` names it on any rank that was sent what this returns. It is served by this
   * rank. MPI: MPI_Win_attach of a dynamic window, MPI 4.1 §12.2.4; mpi4py: win.Attach.
   */
  attach(memory: Viewed): Remote {
    return this.#core.requests.here(() => this.#core.attachments.attach(memory))
  }

  /**
   * Ends what `attach` has begun: later calls on it get FreedError. Errors: ArgumentError for what is not attached here. MPI:
   * MPI_Win_detach.
   */
  detach(remote: Remote): void {
    this.#core.requests.here(() => this.#core.attachments.detach(remote))
  }

  // Its end

  /**
   * Frees the window on all ranks, when all that is under way on any is complete. Called by all ranks. Errors: RmaSyncError while a lock is
   * held or an epoch open. MPI: MPI_Win_free; mpi4py: win.Free.
   */
  close(options?: WindowCallOptions): Promise<void> {
    return this.#core.close(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options?: WindowCallOptions): Request<void> {
    return this.#core.close(options)
  }

  /**
   * Gives the window up, on this rank and at once: what is pending fails with a FreedError, so do later calls, and those of other ranks
   * that
   * need this rank's part. A second time does nothing. Local; MPI has no such call.
   */
  free(): void {
    this.#core.free()
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  /** @internal For a report of what was not freed. */
  get holdings(): Holding[] {
    return this.#passiveTarget.holdings
  }
}

staysHere(Window, 'a window')

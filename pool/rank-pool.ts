import { firstValueFrom, type Observable, type ObservableInput } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import { Intercommunicator } from '../src/communicator/intercommunicator.js'
import { checkSignal } from '../src/diagnostics/arguments.js'
import { ArgumentError, RankError, RankFailedError } from '../src/errors.js'
import { checked, checkOptions, type OptionNames, recordCallSite } from '../src/stream/internal.js'
import { sourceOf, type Work } from './function.js'
import { type Crew, checkMap, type MapJob, type MapOptions, mapped } from './map.js'
import { type Employer, Member } from './member.js'
import type { FunctionSource } from './parcel.js'
import { serve } from './serve.js'

/** What is known of workers that were started for the pool. */
interface Launched {
  /** Resolves when all have ended. */
  end(): Promise<void>
  keepAlive(needed: boolean): void
  /** Starts another one. */
  more(): number | undefined
}

const OF: OptionNames<{ root?: number; grows?: boolean }> = { root: true, grows: true }
const JOIN: OptionNames<{ root?: number; signal?: AbortSignal }> = { root: true, signal: true }
const LAUNCH: OptionNames<{ env?: unknown }> = { env: true }

/**
 * Ranks that do tasks.
 *
 * `RankPool.launch(4)` starts ranks for an ordinary program, as threads; `RankPool.of(comm)` makes the ranks of a job one. Functions
 * travel as their text and take along nothing from around them (JavaScript has no way to copy what they refer to), or, by `task(module,
 * name)`, as the name of an export, as mpi4py pickles them. The pool survives tasks that throw, and ranks that die, whose tasks are done
 * again: a launched one starts others in their place. In a job, a rank that dies ends the job, as ever. One that `grows` gets more workers
 * while it works: ranks that were spawned, or that connect, also from another job; they may leave again.
 *
 * mpi4py: `MPIPoolExecutor`, `MPICommExecutor` of mpi4py.futures.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { RankPool } from 'rxmpi/pool'
 *
 * const pool = await RankPool.of(comm) // rank 1 works here until rank 0 closes the pool
 * pool?.map((n: number) => n * n, [1, 2, 3]).subscribe({
 *   next: (square) => console.log(square), // [0] 1 [0] 4 [0] 9
 *   complete: () => void pool.close()
 * })
 * ```
 */
export class RankPool {
  readonly #comm: Communicator
  readonly #site = recordCallSite()
  /** Those that work. */
  readonly #members: Member[] = []
  /** Those that do what they have, and then leave. */
  readonly #leaving = new Set<Member>()
  readonly #jobs: MapJob<unknown, unknown>[] = []
  readonly #functions = new Map<unknown, number>()
  readonly #sources: FunctionSource[] = []
  readonly #launched: Launched | undefined
  readonly #crew: Crew
  readonly #employer: Employer
  #next = 0
  #dispatching = false
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(comm: Communicator, ranks: readonly number[], { grows = false, launched }: { grows?: boolean; launched?: Launched } = {}) {
    this.#comm = comm
    this.#launched = launched
    const pool = this
    this.#crew = {
      get workers() {
        return pool.size
      },
      grows,
      ready: () => this.#dispatch(),
      join: (job) => {
        this.#jobs.push(job)
        launched?.keepAlive(true)
        if (this.size === 0 && !grows) job.fail(this.#nobody())
      },
      leave: (job) => {
        const index = this.#jobs.indexOf(job)
        if (index >= 0) this.#jobs.splice(index, 1)
        if (this.#jobs.length === 0 && this.#closed === undefined) launched?.keepAlive(false)
      }
    }
    this.#employer = {
      free: () => this.#dispatch(),
      leaving: (member) => {
        this.#dismiss(member)
        void member.close()
      },
      left: (member) => {
        this.#dismiss(member)
        this.#leaving.delete(member)
      },
      lost: (member, error) => this.#lost(member, error)
    }
    for (const rank of ranks) this.#members.push(new Member(comm, rank, this.#site, this.#employer))
  }

  /**
   * The ranks of a communicator as a pool; all of them call it. On the root it resolves to the pool at once; the others work until it is
   * closed, and get undefined. With `grows: true` others can be added to it: its tasks wait while there is nobody, and the communicator may
   * be of its root alone, such as `COMM_SELF`.
   *
   * Errors: RankError when `root` is no rank; ArgumentError when there is nobody beside it, and it does not grow; on the workers
   * RankFailedError when the root ends without closing it. mpi4py: MPICommExecutor.
   */
  static async of(comm: Communicator, options: { root?: number; grows?: boolean } = {}): Promise<RankPool | undefined> {
    const root = checked(comm.core, () => {
      checkOptions(options, OF, '{ root: 0 }')
      const { root = 0, grows = false } = options
      checkRoot(root, comm.size)
      if (comm.size === 1 && !grows) {
        throw new ArgumentError(
          'comm: a pool needs a rank beside the root; run it on two or more, or give { grows: true } and add ranks that are spawned, or connect'
        )
      }
      return root
    })
    if (comm.rank !== root) {
      await serve(comm, root)
      return undefined
    }
    return new RankPool(
      comm,
      Array.from({ length: comm.size }, (_, rank) => rank).filter((rank) => rank !== root),
      options
    )
  }

  /**
   * Works for the pool that the remote group's rank `root` adds this group to, until it closes. With the signal this rank leaves before: it
   * does what it has been given, and gets no more. All ranks of the group that was added work, each for itself.
   *
   * Errors: ArgumentError, RankError; RankFailedError when the root ends without closing its pool.
   *
   * @example
   * ```ts
   * import { COMM_SELF, COMM_WORLD as comm } from 'rxmpi'
   * import { RankPool } from 'rxmpi/pool'
   * import { firstValueFrom } from 'rxjs'
   *
   * if (comm.rank === 0) {
   *   const pool = (await RankPool.of(COMM_SELF, { grows: true }))!
   *   const workers = await firstValueFrom(COMM_SELF.listen('pool'))
   *   const gone = pool.add(workers)
   *   console.log(await pool.run((n: number) => n * n, 5)) // [0] 25
   *   await pool.close()
   *   await gone
   *   await workers.close()
   * } else {
   *   const pool = await COMM_SELF.connect('pool', { timeout: 10_000 })
   *   await RankPool.join(pool)
   *   console.log('sent home') // [1] sent home
   *   await pool.close()
   * }
   * ```
   */
  static async join(inter: Intercommunicator, options: { root?: number; signal?: AbortSignal } = {}): Promise<void> {
    const { root, signal } = checked(checkInter(inter).core, () => {
      checkOptions(options, JOIN, '{ signal }')
      const { root = 0, signal } = options
      checkRoot(root, inter.remoteSize)
      if (signal !== undefined) checkSignal(signal)
      return { root, signal }
    })
    await serve(inter, root, signal)
  }

  /**
   * Starts `ranks` workers, threads of this process, for a program that is no rank itself: `await using pool = await RankPool.launch(4)`.
   * One that dies is replaced by a new one, of a new number, as often as there are workers; after that the pool becomes smaller.
   *
   * Cost: some 40 ms a worker; they wait asleep. Errors: ArgumentError. mpi4py: MPIPoolExecutor.
   */
  static async launch(ranks: number, options: { env?: Record<string, string | undefined> } = {}): Promise<RankPool> {
    checkOptions(options, LAUNCH, '{ env: {} }')
    const { poolModule, startPoolWorld } = await import('../src/launch/host/pool-world.js')
    const { comm, end, keepAlive, more } = startPoolWorld(ranks, poolModule, options.env ?? {})
    const workers = Array.from({ length: ranks }, (_, k) => k + 1)
    return new RankPool(comm, workers, { launched: { end, keepAlive, more } })
  }

  /**
   * The remote group's ranks work for the pool, too, from now on; they call `RankPool.join`. They may have been spawned, or have connected.
   * Resolves when all of them are gone: the pool was closed, they have left, or they have failed, which is no error here, for their tasks
   * are done again by others. Then both sides can `close()` the intercommunicator.
   *
   * Errors: ArgumentError, also where the pool was not made with `grows: true`. A pool that is closed sends those who come away. Example:
   * `join`.
   */
  async add(inter: Intercommunicator): Promise<void> {
    checked(checkInter(inter).core, () => {
      if (!this.#crew.grows) throw new ArgumentError('pool: it does not grow; make it by RankPool.of(comm, { grows: true })')
    })
    const site = recordCallSite()
    const members = Array.from({ length: inter.remoteSize }, (_, rank) => new Member(inter, rank, site, this.#employer))
    if (this.#closed === undefined) {
      this.#members.push(...members)
      this.#dispatch()
    } else for (const member of members) void member.close()
    await Promise.all(members.map(({ over }) => over))
  }

  /** Workers that are alive. */
  get size(): number {
    return this.#members.length
  }

  /**
   * The function's results for all values of the source, which is pulled as results are consumed where it can wait (iterables, streams,
   * `mpi.pull`).
   *
   * Shape: T → R in the order of the inputs, or as they are ready. Buffers travel as their bytes. Cost: a message there and back for each
   * chunk.
   * Errors: ArgumentError at the call; RemoteError that says which input, on which rank, with the task's error as `cause`: the other
   * tasks are given up, the pool goes on. RankFailedError when ranks die more often than `retries`, or all have; tasks with `transfer`
   * are not done again. mpi4py: executor.map, with chunksize, buffersize, unordered.
   */
  map<T, R>(fn: Work<T, R>, source: ObservableInput<T>, options: MapOptions = {}): Observable<R> {
    return checked(this.#comm.core, () => {
      checkMap(options)
      if (this.#closed !== undefined) throw new ArgumentError('pool: it is closed')
      return mapped<T, R>(this.#crew, this.#number(fn), source, options)
    })
  }

  /** One task. Errors: as those of `map`. mpi4py: executor.submit. */
  run<R>(fn: Work<undefined, R>): Promise<R>
  run<T, R>(fn: Work<T, R>, value: T): Promise<R>
  async run<T, R>(fn: Work<T, R>, value?: T): Promise<R> {
    return firstValueFrom(this.map(fn, [value as T], { chunk: 1 }))
  }

  /**
   * Ends the workers once they have done what they have. Errors: none here; what waits fails with an ArgumentError.
   * mpi4py: executor.shutdown.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** As `close`, at the end of a block: `await using pool = …`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const job of [...this.#jobs]) job.fail(new ArgumentError('pool: it was closed before its work was done'))
    this.#launched?.keepAlive(true)
    await Promise.all([...this.#members.map((member) => member.close()), ...[...this.#leaving].map(({ over }) => over)])
    await this.#launched?.end()
  }

  /** It gets no more work. */
  #dismiss(member: Member): void {
    const index = this.#members.indexOf(member)
    if (index < 0) return
    this.#members.splice(index, 1)
    this.#leaving.add(member)
  }

  #lost(member: Member, error: Error): void {
    this.#dismiss(member)
    this.#leaving.delete(member)
    const another = this.#closed === undefined ? this.#launched?.more() : undefined
    if (another !== undefined) this.#members.push(new Member(this.#comm, another, this.#site, this.#employer))
    for (const chunk of member.chunks.values()) if (!chunk.job.over) chunk.job.lost(chunk, error)
    if (this.size === 0 && !this.#crew.grows) for (const job of [...this.#jobs]) job.fail(this.#nobody(error))
    this.#dispatch()
  }

  #number(fn: unknown): number {
    let number = this.#functions.get(fn)
    if (number === undefined) {
      number = this.#sources.push(sourceOf(fn)) - 1
      this.#functions.set(fn, number)
    }
    return number
  }

  /** Gives chunks to workers that have room for them: the least busy first, the jobs by turns. */
  #dispatch(): void {
    if (this.#dispatching) return
    this.#dispatching = true
    for (;;) {
      const job = this.#nextJob()
      if (job === undefined) break
      let best: Member | undefined
      for (const member of this.#members) if (best === undefined || member.chunks.size < best.chunks.size) best = member
      if (best === undefined || best.chunks.size >= (job.quick ? 2 : 1)) break
      const chunk = job.take()
      try {
        best.give(chunk, this.#sources[job.fn]!)
      } catch (error) {
        job.fail(error as Error)
      }
    }
    this.#dispatching = false
    for (const job of [...this.#jobs]) job.refill()
  }

  #nextJob(): MapJob<unknown, unknown> | undefined {
    for (let k = 0; k < this.#jobs.length; k++) {
      const job = this.#jobs[(this.#next + k) % this.#jobs.length]!
      if (!job.waiting) continue
      this.#next = (this.#next + k + 1) % this.#jobs.length
      return job
    }
    return undefined
  }

  #nobody(cause?: Error): RankFailedError {
    return new RankFailedError(`pool: none of its ranks is left${cause === undefined ? '' : `; the last one: ${cause.message}`}`, { cause })
  }
}

function checkRoot(root: number, size: number): void {
  if (!Number.isInteger(root) || root < 0 || root >= size) throw new RankError(`root: ${root} is no rank of ${size}`)
}

function checkInter(inter: Intercommunicator): Intercommunicator {
  if (inter instanceof Intercommunicator) return inter
  throw new ArgumentError('inter: expected an intercommunicator, as spawn, connect, listen and createIntercomm give it')
}

import { firstValueFrom, type Observable, type ObservableInput } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import { ArgumentError, RankError, RankFailedError } from '../src/errors.js'
import { checked, checkOptions, type OptionNames, recordCallSite, type Writer } from '../src/stream/internal.js'
import { sourceOf, type Work } from './function.js'
import { type Chunk, type Crew, checkMap, type MapJob, type MapOptions, mapped } from './map.js'
import { Assembly, type FunctionSource, loadOf, type Report } from './parcel.js'
import { POOL_TAG, serve } from './serve.js'

/** What is known of workers that were started for the pool. */
interface Launched {
  /** Resolves when all have ended. */
  end(): Promise<void>
  keepAlive(needed: boolean): void
  /** Starts another one. */
  more(): number | undefined
}

const OF: OptionNames<{ root?: number }> = { root: true }
const LAUNCH: OptionNames<{ env?: unknown }> = { env: true }
const UNLIMITED = { values: 2 ** 31, bytes: 2 ** 26 }

/**
 * Ranks that do tasks.
 *
 * `RankPool.launch(4)` starts ranks for an ordinary program, as threads; `RankPool.of(comm)` makes the ranks of a job one. Functions
 * travel as their text and take along nothing from around them (JavaScript has no way to copy what they refer to), or, by `task(module,
 * name)`, as the name of an export, as mpi4py pickles them. The pool survives tasks that throw, and ranks that die, whose tasks are done
 * again: a launched one starts others in their place. In a job, a rank that dies ends the job, as ever.
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
  readonly #members: Member[] = []
  readonly #jobs: MapJob<unknown, unknown>[] = []
  readonly #functions = new Map<unknown, number>()
  readonly #sources: FunctionSource[] = []
  readonly #launched: Launched | undefined
  readonly #crew: Crew
  #next = 0
  #dispatching = false
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(comm: Communicator, ranks: readonly number[], launched?: Launched) {
    const site = recordCallSite()
    this.#comm = comm
    this.#launched = launched
    const pool = this
    this.#crew = {
      get workers() {
        return pool.size
      },
      ready: () => this.#dispatch(),
      join: (job) => {
        this.#jobs.push(job)
        launched?.keepAlive(true)
        if (this.size === 0) job.fail(this.#nobody())
      },
      leave: (job) => {
        const index = this.#jobs.indexOf(job)
        if (index >= 0) this.#jobs.splice(index, 1)
        if (this.#jobs.length === 0 && this.#closed === undefined) launched?.keepAlive(false)
      }
    }
    const lost = (member: Member, error: Error): void => {
      this.#members.splice(this.#members.indexOf(member), 1)
      const another = this.#closed === undefined ? launched?.more() : undefined
      if (another !== undefined) join(another)
      for (const chunk of member.chunks.values()) if (!chunk.job.over) chunk.job.lost(chunk, error)
      if (this.size === 0) for (const job of [...this.#jobs]) job.fail(this.#nobody(error))
      this.#dispatch()
    }
    const join = (rank: number): void => {
      this.#members.push(new Member(comm, rank, site, () => this.#dispatch(), lost))
    }
    for (const rank of ranks) join(rank)
  }

  /**
   * The ranks of a communicator as a pool; all of them call it. On the root it resolves to the pool at once; the others work until it is
   * closed, and get undefined.
   *
   * Errors: RankError when `root` is no rank; on the workers RankFailedError when the root ends without closing it. mpi4py:
   * MPICommExecutor.
   */
  static async of(comm: Communicator, options: { root?: number } = {}): Promise<RankPool | undefined> {
    const root = checked(comm.core, () => {
      checkOptions(options, OF, '{ root: 0 }')
      const { root = 0 } = options
      if (!Number.isInteger(root) || root < 0 || root >= comm.size) throw new RankError(`root: ${root} is no rank of ${comm.size}`)
      if (comm.size === 1) throw new ArgumentError('comm: a pool needs a rank beside the root; run it on two or more')
      return root
    })
    if (comm.rank !== root) {
      await serve(comm, root)
      return undefined
    }
    return new RankPool(
      comm,
      Array.from({ length: comm.size }, (_, rank) => rank).filter((rank) => rank !== root)
    )
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
    return new RankPool(comm, workers, { end, keepAlive, more })
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
    await Promise.all(this.#members.map((member) => member.close()))
    await this.#launched?.end()
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

/** A worker, as its root sees it. */
class Member {
  readonly rank: number
  readonly chunks = new Map<number, Chunk>()
  readonly #comm: Communicator
  readonly #out: Writer
  readonly #known = new Set<number>()
  readonly #closed: Promise<void>
  #chunk = 0

  constructor(
    comm: Communicator,
    rank: number,
    site: ReturnType<typeof recordCallSite>,
    free: () => void,
    lost: (member: Member, error: Error) => void
  ) {
    this.#comm = comm
    this.rank = rank
    const { channels } = comm
    const peer = comm.core.memberOf(rank)
    this.#out = channels.writer(channels.writes(peer, POOL_TAG, site))
    const reports = channels.reader<unknown>(channels.reads(peer, POOL_TAG, site))
    const assembly = new Assembly<Report>((report) => {
      this.#done(report)
      free()
    })
    this.#out.start({ cancelled: () => undefined, failed: () => undefined, finished: () => undefined }, site)
    this.#closed = new Promise((resolve) => {
      reports.start(
        {
          next: (value) => assembly.next(value),
          complete: resolve,
          error: (error) => {
            resolve()
            lost(this, error)
          }
        },
        UNLIMITED,
        undefined,
        site
      )
    })
  }

  give(chunk: Chunk, source: FunctionSource): void {
    const { job, first, values } = chunk
    const { load, buffers } = loadOf(values)
    if (!this.#known.has(job.fn)) {
      this.#known.add(job.fn)
      this.#out.next({ type: 'define', fn: job.fn, source })
    }
    this.#out.next({ type: 'work', chunk: this.#chunk, fn: job.fn, first, transfer: job.transfer, ...load })
    this.chunks.set(this.#chunk++, chunk)
    for (const buffer of buffers) this.#out.next(buffer, job.transfer)
  }

  close(): Promise<void> {
    this.#out.complete()
    return this.#closed
  }

  #done({ chunk: number, ms, failure, values }: Report): void {
    const chunk = this.chunks.get(number)!
    this.chunks.delete(number)
    const { job } = chunk
    if (job.over) return
    if (failure === undefined) job.done(chunk, values, ms)
    else job.failed(chunk, values.length, this.rank, this.#comm.name, failure.error)
  }
}

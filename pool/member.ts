import type { recordCallSite, Writer } from '../src/stream/internal.js'
import type { Chunk } from './map.js'
import { Assembly, type FunctionSource, loadOf, POOL_TAG, type Ranks, type Report, UNLIMITED } from './parcel.js'

/** What the pool does when a worker has news. */
export interface Employer {
  /** It has done a chunk, and has room for another. */
  free(): void
  /** It gets no more. */
  leaving(member: Member): void
  /** It has ended as agreed. */
  left(member: Member): void
  lost(member: Member, error: Error): void
}

/** A worker, as its root sees it. */
export class Member {
  readonly rank: number
  readonly chunks = new Map<number, Chunk>()
  readonly #comm: Ranks
  readonly #out: Writer
  readonly #known = new Set<number>()
  readonly #over: Promise<void>
  #chunk = 0

  constructor(comm: Ranks, rank: number, site: ReturnType<typeof recordCallSite>, employer: Employer) {
    this.#comm = comm
    this.rank = rank
    const { channels } = comm
    const peer = comm.core.memberOf(rank)
    this.#out = channels.writer(channels.writes(peer, POOL_TAG, site))
    const reports = channels.reader<unknown>(channels.reads(peer, POOL_TAG, site))
    const assembly = new Assembly<Report>((report) => {
      if ('leaving' in report) return employer.leaving(this)
      this.#done(report)
      employer.free()
    })
    this.#out.start({ cancelled: () => undefined, failed: () => undefined, finished: () => undefined }, site)
    this.#over = new Promise((resolve) => {
      reports.start(
        {
          next: (value) => assembly.next(value),
          complete: () => {
            resolve()
            employer.left(this)
          },
          error: (error) => {
            resolve()
            employer.lost(this, error)
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

  /** There is no more for it. Resolves when it has done what it has, and is gone. */
  close(): Promise<void> {
    this.#out.complete()
    return this.#over
  }

  /** Resolves when it is gone, for whatever reason. */
  get over(): Promise<void> {
    return this.#over
  }

  #done({ chunk: number, ms, failure, values }: Exclude<Report, { leaving: true }>): void {
    const chunk = this.chunks.get(number)!
    this.chunks.delete(number)
    const { job } = chunk
    if (job.over) return
    if (failure === undefined) job.done(chunk, values, ms)
    else job.failed(chunk, values.length, this.rank, this.#comm.name, failure.error)
  }
}

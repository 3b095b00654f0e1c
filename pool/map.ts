import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import { RemoteError } from '../src/errors.js'
import { both, checkAmount, checkOptions, Gate, type OptionNames, presentDemand, pull, Queue, under } from '../src/stream/internal.js'

/** How the inputs of `map` are handed out, and in which order results come. */
export interface MapOptions {
  /** Chunks that may be under way at a time, on all workers together; default two a worker, so that none waits for its next. */
  concurrency?: number
  /** Whether results come in the order of the inputs; default true. Otherwise as they are ready. */
  ordered?: boolean
  /** Inputs that travel together; by default as many as take about two milliseconds, up to 1024. */
  chunk?: number
  /** Inputs that may be taken before their results are emitted; default as many as keep all workers busy. */
  buffer?: number
  /** How often the inputs of a rank that dies are given to another; default 2. */
  retries?: number
  /** Moves buffers instead of copying them: the inputs' and the results' memory changes its owner. */
  transfer?: boolean
}

const OPTIONS: OptionNames<MapOptions> = {
  concurrency: true,
  ordered: true,
  chunk: true,
  buffer: true,
  retries: true,
  transfer: true
}

export interface Chunk {
  readonly job: MapJob<unknown, unknown>
  readonly first: number
  readonly values: unknown[]
  tries: number
}

/** Where chunks are done. */
export interface Crew {
  readonly workers: number
  /** Where there is nobody, somebody may come. */
  readonly grows: boolean
  /** There is work. */
  ready(): void
  join(job: MapJob<unknown, unknown>): void
  leave(job: MapJob<unknown, unknown>): void
}

/** What a chunk should take, long beside what it costs to send. */
const TARGET_MS = 2
const MOST = 1024
const QUICK_MS = 5

/** One `map` that is subscribed to. */
export class MapJob<T, R> {
  readonly fn: number
  readonly transfer: boolean
  readonly concurrency: number
  readonly retries: number
  underway = 0
  /** Its chunks take so little time that the next should be there when one is done; with long ones another worker may be free first. */
  quick = false
  readonly #crew: Crew
  readonly #subscriber: Subscriber<R>
  readonly #ordered: boolean
  readonly #buffer: number | undefined
  readonly #gate = new Gate(() => this.#hasRoom)
  readonly #inputs = new Queue<T>()
  /** To be done again. */
  readonly #again: Chunk[] = []
  /** By index, those that wait for earlier ones. */
  readonly #results = new Map<number, R>()
  readonly #fixed: boolean
  #chunk: number
  #taken = 0
  #given = 0
  #emitted = 0
  #complete = false

  constructor(crew: Crew, fn: number, options: MapOptions, subscriber: Subscriber<R>) {
    const { ordered = true, chunk, buffer, retries = 2, transfer = false, concurrency = Number.POSITIVE_INFINITY } = options
    this.#crew = crew
    this.fn = fn
    this.transfer = transfer
    this.concurrency = concurrency
    this.retries = retries
    this.#ordered = ordered
    this.#buffer = buffer
    this.#fixed = chunk !== undefined
    this.#chunk = chunk ?? 1
    this.#subscriber = subscriber
  }

  start(source: ObservableInput<T>): void {
    const inner = new Subscriber<T>({
      next: (value: T) => {
        this.#inputs.push(value)
        this.#taken++
        if (this.#inputs.length >= this.#chunk || !this.#gate.open) this.#crew.ready()
      },
      error: (error: unknown) => this.#subscriber.error(error),
      complete: () => {
        this.#complete = true
        this.#crew.ready()
        this.#finish()
      }
    })
    this.#subscriber.add(inner)
    const job = this as unknown as MapJob<unknown, unknown>
    this.#subscriber.add(() => this.#crew.leave(job))
    this.#crew.join(job)
    under(both(this.#gate, presentDemand()), () => pull(source).subscribe(inner))
    this.#crew.ready()
  }

  get over(): boolean {
    return this.#subscriber.closed
  }

  /** Whether there is something to be done. */
  get waiting(): boolean {
    return !this.over && this.underway < this.concurrency && (this.#again.length > 0 || this.#inputs.length > 0)
  }

  /** The next chunk; of one that is `waiting`. */
  take(): Chunk {
    const again = this.#again.shift()
    this.underway++
    if (again !== undefined) return again
    const values: unknown[] = []
    const first = this.#given
    while (values.length < this.#chunk && this.#inputs.length > 0) values.push(this.#inputs.shift())
    this.#given += values.length
    return { job: this as MapJob<unknown, unknown>, first, values, tries: 0 }
  }

  /** Asks the source for more. */
  refill(): void {
    this.#gate.notify()
  }

  done(chunk: Chunk, results: unknown[], ms: number): void {
    this.underway--
    this.quick = ms < QUICK_MS
    if (!this.#fixed && results.length === this.#chunk) {
      if (ms < TARGET_MS / 2) this.#chunk = Math.min(MOST, this.#chunk * 2)
      else if (ms > TARGET_MS * 2) this.#chunk = Math.max(1, this.#chunk >> 1)
    }
    for (let k = 0; k < results.length; k++) {
      if (this.#ordered && chunk.first + k !== this.#emitted) this.#results.set(chunk.first + k, results[k] as R)
      else this.#emit(results[k] as R)
    }
    while (this.#results.has(this.#emitted)) {
      const result = this.#results.get(this.#emitted) as R
      this.#results.delete(this.#emitted)
      this.#emit(result)
    }
    this.#finish()
  }

  failed(chunk: Chunk, done: number, rank: number, communicator: string, error: unknown): void {
    this.underway--
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const index = chunk.first + done
    this.#subscriber.error(
      new RemoteError(`the task of input ${index} (${brief(chunk.values[done])}) failed on rank ${rank}: ${text}`, {
        rank,
        communicator,
        cause: error
      })
    )
  }

  /** Its rank has died. */
  lost(chunk: Chunk, error: Error): void {
    this.underway--
    if (chunk.tries++ < this.retries && (this.#crew.workers > 0 || this.#crew.grows) && !this.transfer) this.#again.push(chunk)
    else this.#subscriber.error(error)
  }

  fail(error: Error): void {
    this.#subscriber.error(error)
  }

  get #hasRoom(): boolean {
    const limit = this.#buffer ?? 4 * this.#chunk * Math.max(1, this.#crew.workers)
    return this.#taken - this.#emitted < limit
  }

  #emit(result: R): void {
    this.#emitted++
    this.#subscriber.next(result)
  }

  #finish(): void {
    if (this.#complete && this.#emitted === this.#taken) this.#subscriber.complete()
  }
}

/** Checks what can be checked at the call. */
export function checkMap(options: MapOptions): void {
  checkOptions(options, OPTIONS, '{ chunk: 10 }')
  if (options.concurrency !== undefined) checkAmount('concurrency', options.concurrency, 1)
  if (options.chunk !== undefined) checkAmount('chunk', options.chunk, 1)
  if (options.buffer !== undefined) checkAmount('buffer', options.buffer, 1)
  if (options.retries !== undefined) checkAmount('retries', options.retries, 0)
}

/** An input as far as it helps to recognize it. */
function brief(value: unknown): string {
  let text: string
  try {
    text = ArrayBuffer.isView(value) ? `${value.constructor.name} of ${value.byteLength} bytes` : (JSON.stringify(value) ?? String(value))
  } catch {
    text = String(value)
  }
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

export const mapped = <T, R>(crew: Crew, fn: number, source: ObservableInput<T>, options: MapOptions): Observable<R> =>
  new Observable<R>((subscriber) => new MapJob<T, R>(crew, fn, options, subscriber).start(source))

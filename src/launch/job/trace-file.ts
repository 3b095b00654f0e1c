import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { ArgumentError } from '../../errors.js'
import { clockHere, monotonic } from '../../trace/clock.js'
import { formatTrace, Traced } from '../../trace/format.js'
import type { TraceChunk } from '../../trace/rows.js'

/** Where one is asked for. */
export function traceFile(path: string | undefined): TraceFile | undefined {
  if (path === undefined) return undefined
  if (typeof path !== 'string' || path === '') throw new ArgumentError(`trace was ${String(path)}: expected the path of a file`)
  return new TraceFile(path)
}

/** Characters that are written at once. */
const BLOCK = 2 ** 16

/**
 * The trace of a job: a list of the events that its ranks tell, as Perfetto and chrome://tracing read it. While the job runs its rows are
 * kept in a file beside it as they come: to put them into words takes longer than to send a message, and only at the end it is known how
 * the clocks of several machines go together.
 */
export class TraceFile {
  readonly #file: number
  readonly #rows: number
  readonly #rowsPath: string
  readonly #clock = clockHere()
  readonly #since = monotonic()
  readonly #traced = new Map<number, Traced>()
  readonly #chunks: { traced: Traced; position: number; bytes: number }[] = []
  #length = 0

  /** Throws where there can be no such file, before anything has begun. */
  constructor(path: string) {
    this.#rowsPath = `${path}.rows`
    try {
      this.#file = openSync(path, 'w')
      this.#rows = openSync(this.#rowsPath, 'w+')
    } catch (error) {
      throw new ArgumentError(`trace was ${path}: expected a file that can be written, got ${(error as Error).message}`, { cause: error })
    }
  }

  /** What a process of the job, which is called that, has done. */
  add(process: number, title: string, { rows, ...about }: TraceChunk): void {
    const traced = this.#of(process, title)
    traced.learn(about)
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)
    writeSync(this.#rows, bytes, 0, bytes.length, this.#length)
    this.#chunks.push({ traced, position: this.#length, bytes: bytes.length })
    this.#length += bytes.length
  }

  /** It is no more: it has ended well, has failed, or was ended with the job. */
  ended(process: number, title: string, what: NonNullable<Traced['end']>['what'], reason: string | undefined): void {
    this.#of(process, title).end ??= { time: monotonic() - this.#since, what, reason }
  }

  close(): void {
    let text = '[\n'
    const write = (more: string): void => {
      text += more
      if (text.length < BLOCK) return
      writeSync(this.#file, text)
      text = ''
    }
    const traced = [...this.#traced.values()].sort((one, other) => one.process - other.process)
    formatTrace({ clock: this.#clock, since: this.#since, traced, chunks: () => this.#read() }, write)
    // The last event has no comma behind it.
    writeSync(this.#file, `${text}{"ph":"M","name":"trace_end","pid":0,"tid":0}\n]\n`)
    closeSync(this.#file)
    closeSync(this.#rows)
    rmSync(this.#rowsPath, { force: true })
  }

  #of(process: number, title: string): Traced {
    let traced = this.#traced.get(process)
    if (traced === undefined) {
      traced = new Traced(process, title)
      this.#traced.set(process, traced)
    }
    return traced
  }

  *#read(): Iterable<{ traced: Traced; rows: Float64Array }> {
    for (const { traced, position, bytes } of this.#chunks) {
      const rows = new Float64Array(bytes / Float64Array.BYTES_PER_ELEMENT)
      readSync(this.#rows, new Uint8Array(rows.buffer), 0, bytes, position)
      yield { traced, rows }
    }
  }
}

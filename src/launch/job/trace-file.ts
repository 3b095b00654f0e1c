import { closeSync, openSync, writeSync } from 'node:fs'
import { ArgumentError } from '../../errors.js'

/** Where one is asked for. */
export function traceFile(path: string | undefined): TraceFile | undefined {
  if (path === undefined) return undefined
  if (typeof path !== 'string' || path === '') throw new ArgumentError(`trace was ${String(path)}: expected the path of a file`)
  return new TraceFile(path)
}

/** The trace of a job: a list of the events that its ranks tell, as Perfetto and chrome://tracing read it. */
export class TraceFile {
  readonly #file: number
  readonly since = Date.now()

  /** Throws where there can be no such file, before anything has begun. */
  constructor(path: string) {
    try {
      this.#file = openSync(path, 'w')
    } catch (error) {
      throw new ArgumentError(`trace was ${path}: expected a file that can be written, got ${(error as Error).message}`, { cause: error })
    }
    writeSync(this.#file, '[\n')
  }

  write(events: string): void {
    writeSync(this.#file, events)
  }

  /** The last event has no comma behind it. */
  close(): void {
    writeSync(this.#file, '{"ph":"M","name":"trace_end","pid":0,"tid":0}\n]\n')
    closeSync(this.#file)
  }
}

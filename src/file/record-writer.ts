import { Observable, type ObservableInput, Subject, Subscriber } from 'rxjs'
import type { Ragged } from '../collective/call.js'
import { allgatherOf } from '../collective/definitions/allgather.js'
import { type CollectiveOperator, operator } from '../collective/operator.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, OverflowError } from '../errors.js'
import { Queue } from '../memory/queue.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { both, checkOneOf, Gate, type Overflow, presentDemand, pull, under } from '../stream/internal.js'
import type { File } from './file.js'
import { beginBehind, endBehind, frameAt } from './frames.js'
import { type Encoded, encodeRecord } from './record-encoder.js'
import { endOfWhole } from './record-repair.js'
import { checkFormat, type RecordFormat } from './record-stream.js'

/** How a stream is written to a file. */
export interface WriteToOptions {
  /** `'lines'` (the default) takes strings, `'frames'` any values, `'bytes'` typed arrays as they are. */
  format?: RecordFormat
  /**
   * `'rounds'` (the default): the k-th values of all ranks in rank order, then the next, so that the file has the same bytes in every run;
   * `'arrival'`: each value whole, as it comes, ranks independent.
   */
  order?: 'rounds' | 'arrival'
  /** When the device is flushed: `'end'` (the default) at the stream's end, `'each'` before a value is emitted. */
  flush?: 'end' | 'each'
  /** Removes a torn end first, and goes on behind the last whole value. */
  repair?: boolean
  /** Of rounds: what happens when the ranks' streams end after different numbers of values; default 'error'. */
  ragged?: Ragged
  /** Of rounds: how many a rank may be ahead of the others; default 64. */
  window?: number
  /** Bytes of a source that cannot wait that may wait here; default 16 MiB. */
  highWaterMark?: number
  /** What happens beyond that, as in `sendTo`; default `'buffer'`, which is an OverflowError. */
  overflow?: Overflow
  /** Aborting it fails the stream: with an AbortError here, of rounds with a RemoteError on the other ranks. */
  signal?: AbortSignal
}

const WRITE_TO: OptionNames<WriteToOptions> = {
  format: true,
  order: true,
  flush: true,
  repair: true,
  ragged: true,
  window: true,
  highWaterMark: true,
  overflow: true,
  signal: true
}

/** Where a value was written. */
export interface Written {
  /** The byte of the file where it begins. */
  readonly at: number
  /** How many bytes it takes there. */
  readonly bytes: number
}

const HIGH_WATER_MARK = 2 ** 24
/** A source that can wait does when so much waits here. */
const ENOUGH = 2 ** 20
const WINDOW = 64
const POINTER = 'pointer'

/** What `writeTo` is, its arguments checked. */
export class RecordWriter {
  readonly file: File
  readonly format: RecordFormat
  readonly order: 'rounds' | 'arrival'
  readonly flush: 'end' | 'each'
  readonly repair: boolean
  readonly window: number
  readonly highWaterMark: number
  readonly overflow: Overflow
  readonly signal: AbortSignal | undefined
  readonly site: CallSite
  /** Round by round, how long the values of all ranks are. */
  readonly lengths: CollectiveOperator<number, (number | undefined)[]> | undefined
  readonly #number: number
  #subscriptions = 0

  constructor(file: File, options: WriteToOptions) {
    checkOptions(options, WRITE_TO, "{ format: 'lines' }")
    const { format = 'lines', order = 'rounds', flush = 'end', repair = false, ragged, window = WINDOW, signal } = options
    const { highWaterMark = HIGH_WATER_MARK, overflow = 'buffer' } = options
    checkFormat(format)
    checkOneOf('order', order, ['rounds', 'arrival'])
    checkOneOf('flush', flush, ['end', 'each'])
    checkOneOf('overflow', overflow, ['buffer', 'error', 'dropOldest', 'dropNewest', 'latest'])
    if (typeof repair !== 'boolean') throw new ArgumentError(`repair: expected true or false, got ${shown(repair)}`)
    if (!(highWaterMark >= 0)) throw new CountError(`highWaterMark: expected a number of bytes, got ${shown(highWaterMark)}`)
    if (signal !== undefined) checkSignal(signal)
    file.checkStream('writes')
    const { size } = file.currentView
    if (format !== 'bytes' && size !== 1) {
      throw new ArgumentError(`view: '${format}' are bytes, and the view's elements have ${size}; set a view of type 'bytes'`)
    }
    this.file = file
    this.format = format
    this.order = order
    this.flush = flush
    this.repair = repair
    this.window = window
    this.highWaterMark = highWaterMark
    this.overflow = overflow
    this.signal = signal
    this.site = captureCallSite()
    this.#number = file.nextStream('writeTo')
    const name = `file.writeTo(${format})`
    const rounds = { window, ...(ragged === undefined ? {} : { ragged }), ...(signal === undefined ? {} : { signal }) }
    if (order === 'rounds') {
      this.lengths = operator<number, (number | undefined)[]>(
        file.parts.caller,
        (ranks, plan) => ({ ...allgatherOf<number, (number | undefined)[]>(ranks, plan), name }),
        rounds
      )
    }
    serveRepair(file)
  }

  write(source: ObservableInput<unknown>): Observable<Written> {
    return new Observable((subscriber) => {
      new Writing(this, subscriber).start(`writeTo ${this.#number} ${++this.#subscriptions}`, source)
    })
  }
}

const served = new WeakSet<File>()

/** Whoever asks first has the file looked through, and all get where writing begins. */
function serveRepair(file: File): void {
  if (served.has(file)) return
  served.add(file)
  const { access, path, service } = file.parts
  const answers = new Map<string, ((error: Error | null, base: number) => void)[] | number>()
  service.serve('begin', (_, [key, format, repair], reply) => {
    const view = file.currentView
    const known = answers.get(key as string)
    if (typeof known === 'number') return reply(null, known)
    if (known !== undefined) return void known.push(reply)
    answers.set(key as string, [reply])
    const answer = (error: Error | null, base: number): void => {
      const waiting = answers.get(key as string) as ((error: Error | null, base: number) => void)[]
      if (error === null) answers.set(key as string, base)
      else answers.delete(key as string)
      for (const one of waiting) one(error, base)
    }
    if (repair !== true) return file.counters.get(POINTER, (error, pointer) => answer(error, error === null ? view.byteOffset(pointer) : 0))
    endOfWhole(format as RecordFormat, access, path, view, (error, end) => {
      if (error !== null) return answer(error, 0)
      access.truncate(end, (failure) => {
        if (failure !== null) return answer(failure, 0)
        file.counters.set(POINTER, (end - view.at) / view.size, (lost) => answer(lost, end))
      })
    })
  })
}

interface Waiting extends Encoded {
  /** Where it was written; not yet known of what waits. */
  at?: number
  end?: number
  done?: boolean
}

/** One subscription of `writeTo`. */
class Writing {
  readonly #writer: RecordWriter
  readonly #file: File
  readonly #subscriber: Subscriber<Written>
  /** Values that have no place yet. */
  readonly #queue = new Queue<Waiting>()
  /** Values whose length was told to the others. */
  readonly #told = new Queue<Waiting>()
  /** Values that have a place, in order, until they are written. */
  readonly #placed = new Queue<Waiting>()
  readonly #gate: Gate
  readonly #rounds = new Subject<number>()
  #queuedBytes = 0
  #busyBytes = 0
  #base = 0
  /** Behind all that rounds have placed so far. */
  #position: number | undefined
  #hasEnded = false
  #sourceError: { error: unknown } | undefined
  /** No value gets a place any more. */
  #over = false
  #failure: { error: unknown } | undefined
  #finishing = false
  #arriving = false

  constructor(writer: RecordWriter, subscriber: Subscriber<Written>) {
    this.#writer = writer
    this.#file = writer.file
    this.#subscriber = subscriber
    this.#gate = new Gate(() => this.#queuedBytes + this.#busyBytes < ENOUGH && this.#queue.length < 4 * writer.window)
  }

  start(key: string, source: ObservableInput<unknown>): void {
    const writer = this.#writer
    const { file, signal, format, repair, site } = writer
    const subscriber = this.#subscriber
    try {
      file.checkStream('writes')
      if (signal?.aborted) throw abortError(signal)
    } catch (error) {
      return this.#tell(error)
    }
    const pending = file.track(site)
    pending.subscribe({ error: (error) => this.#tell(error) })
    subscriber.add(() => {
      // What has a place is written all the same; closing waits for that.
      this.#hasEnded = true
      this.#queue.clear()
      if (this.#placed.length === 0) pending.settle(null)
      else this.#whenWritten = () => pending.settle(null)
    })
    if (signal !== undefined && writer.order === 'arrival') subscriber.add(onAbort(signal, (error) => this.#stop(error)))
    const input = new Subscriber<unknown>({
      next: (value) => this.#take(value),
      error: (error: unknown) => this.#end({ error }),
      complete: () => this.#end(undefined)
    })
    if (writer.lengths !== undefined) {
      subscriber.add(
        writer.lengths(this.#rounds).subscribe({
          next: (lengths) => this.#round(lengths),
          error: (error) => this.#stop(error),
          complete: () => {
            this.#over = true
            this.#finish()
          }
        })
      )
    }
    const { service, leader } = file.parts
    service.ask<number>(leader, 'begin', [key, format, repair], site, (error, base) => {
      if (error !== null) return this.#stop(error)
      this.#base = file.currentView.at
      this.#position = base
      this.#go()
    })
    subscriber.add(input)
    if (!subscriber.closed) under(both(this.#gate, presentDemand()), () => pull(source).subscribe(input))
  }

  #whenWritten: (() => void) | undefined

  #take(value: unknown): void {
    if (this.#hasEnded || this.#over) return
    let encoded: Waiting
    try {
      encoded = { ...encodeRecord(value, this.#writer.format, this.#file.currentView) }
      if (!this.#makeRoom(encoded.length)) return
    } catch (error) {
      return this.#end({ error: this.#file.core.inContext(error, this.#writer.site) })
    }
    this.#queue.push(encoded)
    this.#queuedBytes += encoded.length
    this.#go()
  }

  /** Whether there is room for one more value. */
  #makeRoom(bytes: number): boolean {
    const { highWaterMark, overflow } = this.#writer
    while (this.#queue.length > 0 && this.#queuedBytes + bytes > highWaterMark) {
      if (overflow === 'dropNewest') return false
      if (overflow === 'buffer' || overflow === 'error') {
        throw new OverflowError(
          `the source outruns file '${this.#file.path}': ${this.#queuedBytes} bytes wait, and highWaterMark is ${highWaterMark}; ` +
            'give a source that can wait (mpi.pull of an iterable, async iterable or stream), or another overflow policy'
        )
      }
      const drop = overflow === 'latest' ? this.#queue.length : 1
      for (let k = 0; k < drop; k++) this.#queuedBytes -= this.#queue.shift().length
    }
    return true
  }

  /** The source has ended. */
  #end(failure: { error: unknown } | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#sourceError = failure
    this.#go()
  }

  /** Gives values a place, as far as that is possible now. */
  #go(): void {
    if (this.#position === undefined || this.#over) return
    if (this.#writer.lengths === undefined) return this.#arrive()
    while (this.#queue.length > 0 && this.#told.length < this.#writer.window) {
      const next = this.#queue.shift()
      this.#queuedBytes -= next.length
      this.#busyBytes += next.length
      this.#told.push(next)
      this.#rounds.next(next.length)
    }
    if (!this.#hasEnded || this.#queue.length > 0) return
    if (this.#sourceError === undefined) this.#rounds.complete()
    else this.#rounds.error(this.#sourceError.error)
  }

  /** A round: all ranks know where each value goes. */
  #round(lengths: readonly (number | undefined)[]): void {
    const { rank } = this.#file.core
    const isFrames = this.#writer.format === 'frames'
    const own = lengths[rank] === undefined ? undefined : this.#told.shift()
    for (const [k, length] of lengths.entries()) {
      if (length === undefined) continue
      const at = this.#position!
      this.#position = isFrames ? this.#base + endBehind(at - this.#base, length) : at + length
      if (k === rank && own !== undefined) this.#write([own], at)
    }
    this.#go()
  }

  /** All that waits gets a place at once, as soon as what came before is written. */
  #arrive(): void {
    if (this.#arriving) return
    if (this.#queue.length === 0) {
      if (this.#hasEnded && this.#placed.length === 0) this.#finish()
      return
    }
    this.#arriving = true
    const batch: Waiting[] = []
    let bytes = 0
    while (this.#queue.length > 0 && (bytes === 0 || bytes + this.#queue.first!.length <= ENOUGH)) {
      const next = this.#queue.shift()
      batch.push(next)
      bytes += next.length
    }
    this.#queuedBytes -= bytes
    this.#busyBytes += bytes
    const { counters, currentView } = this.#file
    const write = (error: Error | null, pointer: number): void => {
      if (error !== null) return this.#stop(error)
      const start = currentView.byteOffset(pointer)
      this.#arriving = false
      this.#write(batch, start)
    }
    if (this.#writer.format === 'frames') counters.change('frame', POINTER, bytes, 0, write, this.#writer.site)
    else counters.add(POINTER, bytes / currentView.size, write, this.#writer.site)
  }

  /** Writes values one behind the other. */
  #write(values: readonly Waiting[], start: number): void {
    const isFrames = this.#writer.format === 'frames'
    const parts: Uint8Array[] = []
    let at = start
    for (const value of values) {
      value.at = isFrames ? this.#base + beginBehind(at - this.#base) : at
      const part = isFrames ? frameAt(at - this.#base, value.bytes) : value.bytes
      parts.push(part)
      at += part.length
      value.end = at
      this.#placed.push(value)
    }
    const { access } = this.#file.parts
    access.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts), start, (error) => {
      if (error !== null) return this.#stop(error)
      if (this.#writer.flush === 'end') return this.#written(values)
      access.sync((failure) => (failure === null ? this.#written(values) : this.#stop(failure)))
    })
  }

  /** Emits what has been written, in order. */
  #written(values: readonly Waiting[]): void {
    for (const value of values) {
      value.done = true
      this.#busyBytes -= value.length
    }
    while (this.#placed.first?.done === true) {
      const { at, end } = this.#placed.shift()
      this.#subscriber.next({ at: at!, bytes: end! - at! })
    }
    if (this.#placed.length === 0) this.#whenWritten?.()
    this.#gate.notify()
    if (this.#over) this.#finish()
    else this.#go()
  }

  /** What has gone wrong ends the stream here, and of rounds on the other ranks. */
  #stop(error: unknown): void {
    if (this.#failure !== undefined || this.#subscriber.closed) return
    this.#failure = { error }
    if (this.#writer.lengths !== undefined && !this.#over) this.#rounds.error(error)
    this.#over = true
    this.#placed.clear()
    this.#finish()
  }

  /** The end: all is written, the device has it, and the common pointer is behind it. */
  #finish(): void {
    if (this.#finishing || (this.#placed.length > 0 && this.#failure === undefined)) return
    this.#finishing = true
    const { counters, parts, currentView } = this.#file
    const flush = (): void => parts.access.sync((error) => this.#tell(this.#failure?.error ?? this.#sourceError?.error ?? error))
    if (this.#writer.lengths === undefined || this.#position === undefined) return flush()
    const pointer = Math.ceil((this.#position - currentView.at) / currentView.size)
    counters.raise(POINTER, pointer, () => flush(), this.#writer.site)
  }

  #tell(error: unknown): void {
    if (error === null || error === undefined) this.#subscriber.complete()
    else this.#subscriber.error(this.#file.core.inContext(error, this.#writer.site))
  }
}

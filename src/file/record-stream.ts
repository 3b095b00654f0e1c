import { Observable, type Subscriber } from 'rxjs'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../errors.js'
import { isLayout } from '../layout/layout.js'
import type { AnyStruct } from '../layout/struct.js'
import { abortError, onAbort } from '../request/cancellation.js'
import type { Done } from '../service/done.js'
import { checkOneOf, type Demand, presentDemand, under } from '../stream/internal.js'
import type { File } from './file.js'
import { BytesParser, type FileRecord, FrameParser, LineParser, type ParserOptions, type RecordParser } from './record-parsers.js'
import { RecordWindow } from './record-window.js'
import { cyclicParts, demandedParts, listedParts, type Parts, type Range, rangesWithin, shareOf, totalOf } from './shares.js'

/** How a file holds its records. */
export type RecordFormat = 'lines' | 'bytes' | 'frames'
/** Who gets which records. */
export type Share = 'block' | 'cyclic' | 'demand' | 'all'

/** Which records a rank gets of a file, and what they are. */
export interface ReadFromOptions {
  /** `'lines'` (the default) gives strings, `'frames'` any values, `'bytes'` typed arrays. */
  format?: RecordFormat
  /**
   * `'block'` (the default): those that begin in this rank's part of `size` equal ones; `'cyclic'`: chunks in turn; `'demand'`: chunks for
   * whoever is ready; `'all'`: every rank gets everything.
   */
  share?: Share
  /** Bytes that are read at a time, and dealt out; default 1 MiB. */
  chunk?: number
  /**
   * Of format `'bytes'`: the bytes of a record, or its struct, whose records lie in the file with their padding. Without it values are as
   * many elements of the view's type as have been read.
   */
  record?: number | AnyStruct
  /** A longer line or frame is a FileError; default 64 MiB. */
  maxRecord?: number
  /** Only records that begin in these bytes: what streams before had in `remaining`. The same on all ranks. */
  ranges?: readonly (readonly [from: number, to: number])[]
  /** Aborting it fails the stream here with an AbortError. */
  signal?: AbortSignal
}

const READ_FROM: OptionNames<ReadFromOptions> = {
  format: true,
  share: true,
  chunk: true,
  record: true,
  maxRecord: true,
  ranges: true,
  signal: true
}

const CHUNK = 2 ** 20
const MAX_RECORD = 2 ** 26
/** Read beyond a part, for its last record may end there. */
const BEYOND = 4096
const STEP = 65_536

/** The records of a file that are this rank's, from the start with each subscription. */
export class RecordStream<T> extends Observable<FileRecord<T>> {
  readonly #file: File
  readonly #options: Required<Pick<ReadFromOptions, 'format' | 'share' | 'chunk' | 'maxRecord'>> & ReadFromOptions
  readonly #number: number
  readonly #site: CallSite
  readonly #base: number
  #subscriptions = 0
  #reading: Reading<T> | undefined

  constructor(file: File, options: ReadFromOptions) {
    super((subscriber) => this.#read(subscriber))
    this.#site = captureCallSite()
    this.#file = file
    checkOptions(options, READ_FROM, "{ format: 'lines' }")
    const { format = 'lines', share = 'block', chunk = CHUNK, maxRecord = MAX_RECORD, record, ranges, signal } = options
    checkFormat(format)
    checkOneOf('share', share, ['block', 'cyclic', 'demand', 'all'])
    checkBytes('chunk', chunk)
    checkBytes('maxRecord', maxRecord)
    if (record !== undefined) {
      if (format !== 'bytes') throw new ArgumentError(`record: goes with format 'bytes', not with '${format}'`)
      checkBytes('record', isLayout(record) ? record.extent : record)
    }
    if (ranges !== undefined) checkRanges(ranges)
    if (signal !== undefined) checkSignal(signal)
    file.checkStream('reads')
    this.#options = { ...options, format, share, chunk, maxRecord }
    this.#base = file.currentView.at
    this.#number = file.nextStream('readFrom')
  }

  /**
   * The bytes whose records this rank has not consumed: gathered from all ranks, they are the `ranges` of a stream that reads the rest. A
   * record is consumed when the subscriber's `next` has returned.
   */
  get remaining(): [from: number, to: number][] {
    const parts = this.#reading?.left ?? this.#parts(this.#file.parts.access.sizeNow, this.#key(1)).left()
    return parts.map(([from, to]) => [from, to])
  }

  #key(subscription: number): string {
    return `readFrom ${this.#number} ${subscription}`
  }

  #parts(size: number, key: string): Parts {
    const { ranges, share, chunk } = this.#options
    const { rank, size: ranks } = this.#file.core
    const all = rangesWithin(ranges ?? [[this.#base, size]], this.#base, size)
    if (share === 'all') return listedParts(all)
    if (share === 'block') return listedParts(shareOf(all, rank, ranks))
    const chunks = Math.ceil(totalOf(all) / chunk)
    return share === 'cyclic'
      ? cyclicParts(all, chunk, rank, ranks)
      : demandedParts(all, chunk, chunks, this.#file.counters, key, this.#site)
  }

  #read(subscriber: Subscriber<FileRecord<T>>): void {
    const file = this.#file
    const { signal, share } = this.#options
    const key = this.#key(++this.#subscriptions)
    const fail = (error: unknown): void => subscriber.error(file.core.inContext(error, this.#site))
    try {
      file.checkStream('reads')
      if (signal?.aborted) throw abortError(signal)
    } catch (error) {
      return fail(error)
    }
    if (signal !== undefined) subscriber.add(onAbort(signal, fail))
    const pending = file.track(this.#site)
    pending.subscribe({ error: fail })
    subscriber.add(() => pending.settle(null))
    const demand = presentDemand()
    const begin = (size: number): void => {
      if (subscriber.closed) return
      const parse = this.#parser()
      this.#reading = new Reading<T>(file, this.#parts(size, key), parse, this.#options.chunk, subscriber, fail, demand)
      this.#reading.run()
    }
    file.parts.access.stat((error, stat) => {
      if (error !== null) fail(error)
      // The file may grow meanwhile: all ranks must cut it alike. If who keeps count is no more, nobody else can be asked.
      else if (share === 'all' || file.core.size === 1) begin(stat.size)
      else file.counters.first(`${key} size`, stat.size, (gone, size) => begin(gone === null ? size : stat.size), this.#site)
    })
  }

  #parser(): (range: Range) => RecordParser {
    const { format, maxRecord, record } = this.#options
    const view = this.#file.currentView
    const options: ParserOptions = { path: this.#file.path, base: this.#base, maxRecord, record, view }
    const Parser = format === 'lines' ? LineParser : format === 'frames' ? FrameParser : BytesParser
    return ([from, to]) => new Parser(from, to, options)
  }
}

/** One subscription: reads chunks, and gives records as they are wanted. */
class Reading<T> {
  readonly #file: File
  readonly #parts: Parts
  readonly #parse: (range: Range) => RecordParser
  readonly #chunk: number
  readonly #subscriber: Subscriber<FileRecord<T>>
  readonly #fail: (error: unknown) => void
  readonly #demand: Demand | undefined
  #parser: RecordParser | undefined
  #window = new RecordWindow(0)
  /** Of the part that is being read, what is left. */
  #rest: Range | undefined
  #running = false
  #waiting = false
  #stopWaiting: (() => void) | undefined

  constructor(
    file: File,
    parts: Parts,
    parse: (range: Range) => RecordParser,
    chunk: number,
    subscriber: Subscriber<FileRecord<T>>,
    fail: (error: unknown) => void,
    demand: Demand | undefined
  ) {
    this.#file = file
    this.#parts = parts
    this.#parse = parse
    this.#chunk = chunk
    this.#subscriber = subscriber
    this.#fail = fail
    this.#demand = demand
    subscriber.add(() => this.#stopWaiting?.())
  }

  get left(): Range[] {
    const rest = this.#rest === undefined || this.#rest[0] >= this.#rest[1] ? [] : [this.#rest]
    return [...rest, ...this.#parts.left()]
  }

  /** A loop and no recursion: what is small is read within the call. */
  run(): void {
    if (this.#running) return
    this.#running = true
    try {
      while (!this.#subscriber.closed && !this.#waiting && this.#step()) {}
    } catch (error) {
      this.#fail(error)
    }
    this.#running = false
  }

  /** False when something has to be waited for, or all is over. */
  #step(): boolean {
    if (this.#demand?.open === false) {
      this.#stopWaiting = this.#demand.wait(() => {
        this.#stopWaiting = undefined
        this.run()
      })
      return false
    }
    if (this.#parser === undefined) {
      this.#await(
        (done: Done<Range | undefined>) => this.#parts.next(done),
        (part) => {
          if (part === undefined) return under(this.#demand, () => this.#subscriber.complete())
          this.#rest = part
          this.#parser = this.#parse(part)
          this.#window = new RecordWindow(this.#parser.start)
        }
      )
      return true
    }
    const found = this.#parser.next(this.#window)
    if (found === undefined) {
      this.#parser = undefined
      this.#rest = undefined
    } else if (typeof found === 'number') this.#fill(found, this.#parser.needed)
    else {
      under(this.#demand, () => this.#subscriber.next(found as FileRecord<T>))
      // What has been emitted to the end is consumed, also by who then leaves.
      this.#rest = [found.end, this.#rest![1]]
    }
    return true
  }

  /** Reads on, at least up to a byte. */
  #fill(upTo: number, needed: number): void {
    const window = this.#window
    const end = Math.max(window.end, needed)
    const to = this.#rest![1]
    const wanted = end < to ? Math.min(end + this.#chunk, to + BEYOND) : end + STEP
    const { room, filled } = window.advance(needed, Math.max(upTo, wanted) - end)
    this.#await(
      (done: Done<number>) => this.#file.parts.access.read(room, end, done),
      (count) => filled(count)
    )
  }

  #await<R>(call: (done: Done<R>) => void, then: (value: R) => void): void {
    this.#waiting = true
    call((error, value) => {
      this.#waiting = false
      if (this.#subscriber.closed) return
      if (error !== null) return this.#fail(error)
      then(value)
      this.run()
    })
  }
}

export function checkFormat(format: unknown): asserts format is RecordFormat {
  if (format === 'lines' || format === 'bytes' || format === 'frames') return
  throw new ArgumentError(`format: expected 'lines', 'bytes' or 'frames', got ${shown(format)}`)
}

function checkBytes(name: string, bytes: unknown): void {
  if (Number.isSafeInteger(bytes) && (bytes as number) >= 1) return
  throw new CountError(`${name}: expected a number of bytes from 1 on, got ${shown(bytes)}`)
}

function checkRanges(ranges: unknown): void {
  const good = (one: unknown): boolean =>
    Array.isArray(one) && one.length === 2 && one.every((end) => Number.isSafeInteger(end) && end >= 0) && one[0] <= one[1]
  if (Array.isArray(ranges) && ranges.every(good)) return
  throw new ArgumentError(`ranges: expected pairs of bytes [from, to], as remaining gives them, got ${shown(ranges)}`)
}

import { Observable, type ObservableInput } from 'rxjs'
import type { Ragged } from '../collective/call.js'
import { allgatherOf } from '../collective/definitions/allgather.js'
import { type CollectiveOperator, operator } from '../collective/operator.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, FreedError } from '../errors.js'
import type { Done } from '../service/done.js'
import { checkOneOf, type Overflow } from '../stream/internal.js'
import type { CollectedWrites } from './collected-writes.js'
import type { File } from './file.js'
import { endOfWhole } from './record-repair.js'
import { checkFormat, type RecordFormat } from './record-stream.js'
import { Writing } from './record-writing.js'
import type { Told } from './round-order.js'

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
  /** Of rounds: how many a rank may be ahead of the others; default 1024. */
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
const WINDOW = 1024
/** @internal */
export const POINTER = 'pointer'
/** @internal What the rank that writes for the others is asked. */
export const PUT = 'put'
export const QUIT = 'quit'
export const FLUSH = 'flush'

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
  readonly ragged: Ragged
  readonly signal: AbortSignal | undefined
  readonly site: CallSite
  /** Of rounds: what they are called, and what all ranks tell of the values that wait. */
  readonly name: string
  readonly tell: CollectiveOperator<Told, Told[]> | undefined
  readonly #number: number
  #subscriptions = 0

  constructor(file: File, options: WriteToOptions) {
    checkOptions(options, WRITE_TO, "{ format: 'lines' }")
    const { format = 'lines', order = 'rounds', flush = 'end', repair = false, ragged = 'error', window = WINDOW, signal } = options
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
    this.ragged = ragged
    this.signal = signal
    this.site = captureCallSite()
    this.#number = file.nextStream('writeTo')
    const name = `file.writeTo(${format})`
    this.name = name
    if (order === 'rounds') {
      this.tell = operator<Told, Told[]>(
        file.parts.caller,
        (ranks, plan) => ({ ...allgatherOf<Told, Told[]>(ranks, plan), name }),
        signal === undefined ? { window, ragged } : { window, ragged, signal }
      )
    }
    serve(file)
  }

  write(source: ObservableInput<unknown>): Observable<Written> {
    return new Observable((subscriber) => {
      new Writing(this, subscriber, `writeTo ${this.#number} ${++this.#subscriptions}`).start(source)
    })
  }
}

const collections = new WeakMap<File, Map<string, CollectedWrites>>()

/** @internal By stream, what this rank writes for all, if it is the one that does. */
export const collectedOf = (file: File): Map<string, CollectedWrites> => collections.get(file)!

/** What one rank does for the streams of all. */
function serve(file: File): void {
  if (collections.has(file)) return
  collections.set(file, new Map())
  serveBegin(file)
  serveWrites(file)
}

/** Short values of all are written by one rank. */
function serveWrites(file: File): void {
  const { service, access } = file.parts
  const streams = collectedOf(file)
  service.serve<readonly [string, number, Uint8Array]>(PUT, (rank, [key, block, bytes], reply) => {
    const writes = streams.get(key)
    if (writes === undefined) reply(new FreedError(`the stream to file '${file.name}' has ended on this rank`), undefined)
    else writes.put(block, rank, bytes, reply)
  })
  service.serve<readonly [string]>(QUIT, (rank, [key]) => streams.get(key)?.lose(rank, new FreedError(`rank ${rank} has ended its stream`)))
  service.serve(FLUSH, (_, __, reply) => access.sync(reply as Done<void>))
  service.onGone((rank) => {
    const { core } = file
    for (const writes of streams.values()) writes.lose(rank, core.inVain(core.memberOf(rank))!)
  })
}

/** Whoever asks first has the file looked through, and all get where writing begins. */
function serveBegin(file: File): void {
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

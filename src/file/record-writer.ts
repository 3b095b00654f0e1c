import { Observable, type ObservableInput } from 'rxjs'
import type { Ragged } from '../collective/call.js'
import { allgatherOf } from '../collective/definitions/allgather.js'
import { operator } from '../collective/operator.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../errors.js'
import { checkOneOf, type Overflow } from '../stream/internal.js'
import type { File } from './file.js'
import { serveStreams } from './record-services.js'
import { checkFormat, type RecordFormat } from './record-stream.js'
import { type WriterSettings, Writing, type Written } from './record-writing.js'
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

const HIGH_WATER_MARK = 2 ** 24
const WINDOW = 1024

/** What `writeTo` is, its arguments checked. */
export class RecordWriter {
  readonly #settings: WriterSettings
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
    const name = `file.writeTo(${format})`
    const rounds = (): NonNullable<WriterSettings['tell']> =>
      operator<Told, Told[]>(
        file.parts.caller,
        (ranks, plan) => ({ ...allgatherOf<Told, Told[]>(ranks, plan), name }),
        signal === undefined ? { window, ragged } : { window, ragged, signal }
      )
    const tell = order === 'rounds' ? rounds() : undefined
    const site = captureCallSite()
    this.#settings = { file, format, order, flush, repair, window, highWaterMark, overflow, ragged, signal, site, name, tell }
    this.#number = file.nextStream('writeTo')
    serveStreams(file)
  }

  write(source: ObservableInput<unknown>): Observable<Written> {
    return new Observable((subscriber) => {
      new Writing(this.#settings, subscriber, `writeTo ${this.#number} ${++this.#subscriptions}`).start(source)
    })
  }
}

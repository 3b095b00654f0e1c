import { UINT8, valueOn } from '../codec/datatype.js'
import type { AnyStruct } from '../layout/struct.js'
import { swapBytes } from './byte-order.js'
import { formatError } from './failure.js'
import { beginBehind, endBehind, FRAME_HEADER, MARK, MARK_EVERY, payloadValue, readMark, withoutMarks } from './frames.js'
import type { RecordWindow } from './record-window.js'
import type { View } from './view.js'

/** A record of a file: its value, and its bytes in the file. */
export interface FileRecord<T> {
  /** What was read. */
  readonly value: T
  /** The byte where it begins. */
  readonly at: number
  /** The byte behind its last. */
  readonly end: number
}

/** Finds the records that begin in a part of a file, one after the other. */
export interface RecordParser {
  /** Where reading begins, which may be before the part. */
  readonly start: number
  /** What lies before this is needed no more. */
  readonly needed: number
  /** The next record; or up to which byte the window has to reach to tell; or `undefined` when there is no other. */
  next(window: RecordWindow): FileRecord<unknown> | number | undefined
}

export interface ParserOptions {
  readonly path: string
  /** Where the records of the file begin. */
  readonly base: number
  readonly maxRecord: number
  /** Bytes of a record of format 'bytes', or its struct; without, a value is as many whole elements as have been read. */
  readonly record: number | AnyStruct | undefined
  readonly view: View
}

const LF = 10
const CR = 13

/** A line belongs to the part that it begins in: whether one begins there, the byte before tells. */
export class LineParser implements RecordParser {
  readonly start: number
  readonly #to: number
  readonly #options: ParserOptions
  /** Where the next line begins; not yet known as long as the end of another is looked for. */
  #position: number
  #skipping: boolean
  /** There is no line feed before this. */
  #scanned: number

  constructor(from: number, to: number, options: ParserOptions) {
    this.#options = options
    this.#to = to
    this.#skipping = from > options.base
    this.start = this.#skipping ? from - 1 : from
    this.#position = this.start
    this.#scanned = this.start
  }

  get needed(): number {
    return this.#position
  }

  next(window: RecordWindow): FileRecord<string> | number | undefined {
    for (;;) {
      if (!this.#skipping && this.#position >= this.#to) return undefined
      const feed = window.bytes.indexOf(LF, this.#scanned - window.at)
      if (this.#skipping) {
        if (feed < 0) {
          this.#scanned = window.end
          this.#position = window.end
          if (window.atEnd || window.end >= this.#to) return undefined
          return window.end + 1
        }
        this.#skipping = false
        this.#position = window.at + feed + 1
        this.#scanned = this.#position
        continue
      }
      const at = this.#position
      const { maxRecord, path } = this.#options
      const length = (feed < 0 ? window.bytes.length : feed) - (at - window.at)
      if (length > maxRecord) throw formatError(path, at, `a line of more than maxRecord (${maxRecord}) bytes begins here`)
      if (feed < 0 && !window.atEnd) {
        this.#scanned = window.end
        return window.end + 1
      }
      if (feed < 0 && length === 0) return undefined
      const start = at - window.at
      const stop = feed < 0 ? window.bytes.length : feed > start && window.bytes[feed - 1] === CR ? feed - 1 : feed
      this.#position = feed < 0 ? window.end : window.at + feed + 1
      this.#scanned = this.#position
      return { value: window.bytes.toString('utf8', start, stop), at, end: this.#position }
    }
  }
}

/** Records of equal length, or as many elements as there are. */
export class BytesParser implements RecordParser {
  readonly start: number
  readonly #to: number
  readonly #options: ParserOptions
  readonly #unit: number
  #position: number

  constructor(from: number, to: number, options: ParserOptions) {
    this.#options = options
    this.#to = to
    this.#unit = typeof options.record === 'object' ? options.record.extent : (options.record ?? options.view.size)
    this.start = options.base + Math.ceil((from - options.base) / this.#unit) * this.#unit
    this.#position = this.start
  }

  get needed(): number {
    return this.#position
  }

  next(window: RecordWindow): FileRecord<unknown> | number | undefined {
    const at = this.#position
    if (at >= this.#to) return undefined
    const there = window.end - at
    if (there <= 0 && window.atEnd) return undefined
    const unit = this.#unit
    if (there < unit) {
      if (!window.atEnd) return at + unit
      throw formatError(this.#options.path, at, `the last record has ${there} of ${unit} bytes`)
    }
    const { record, view } = this.#options
    const units = record === undefined ? Math.min(Math.floor(there / unit), Math.ceil((this.#to - at) / unit)) : 1
    const bytes = units * unit
    const end = at + bytes
    const start = window.bytes.byteOffset + at - window.at
    const buffer = window.bytes.buffer.slice(start, start + bytes) as ArrayBuffer
    this.#position = end
    if (typeof record === 'object') return { value: record.on(buffer), at, end }
    if (view.swaps && bytes % view.size === 0) swapBytes({ buffer, byteOffset: 0, byteLength: bytes }, view.types)
    return { value: valueOn(bytes % view.size === 0 ? view.code : UINT8, buffer), at, end }
  }
}

/** A frame belongs to the part that its header begins in. It is found from the mark before the part. */
export class FrameParser implements RecordParser {
  readonly start: number
  readonly #from: number
  readonly #to: number
  readonly #options: ParserOptions
  /** From the start of the view: where the next frame begins; the mark to look at before. */
  #position: number
  #mark: number | undefined

  constructor(from: number, to: number, options: ParserOptions) {
    this.#options = options
    this.#from = from - options.base
    this.#to = to - options.base
    this.#mark = Math.floor(this.#from / MARK_EVERY) * MARK_EVERY
    this.#position = this.#mark
    this.start = options.base + this.#mark
  }

  get needed(): number {
    return this.#options.base + this.#position
  }

  next(window: RecordWindow): FileRecord<unknown> | number | undefined {
    const { base, path, maxRecord } = this.#options
    const there = window.end - base
    const bytes = window.bytes
    /** Of a position, where it lies in memory. */
    const inside = (position: number): number => position + base - window.at
    const wanting = (position: number, what: string): number => {
      if (!window.atEnd) return base + position
      throw formatError(path, base + this.#position, `${what} is torn: the file ends ${position - there} bytes before it does`)
    }
    if (this.#mark !== undefined) {
      if (window.atEnd && there <= this.#mark) return undefined
      if (there < this.#mark + MARK) return wanting(this.#mark + MARK, 'a mark')
      const next = readMark(bytes, inside(this.#mark))
      if (next === undefined)
        throw formatError(path, base + this.#mark, 'there is no mark of frames: was it written as frames, by writeTo?')
      this.#mark = undefined
      this.#position = next
    }
    for (;;) {
      const at = beginBehind(this.#position)
      if (at >= this.#to) return undefined
      // Before there, a header or the mark in its way is begun.
      if (window.atEnd && there <= this.#position) return undefined
      const body = endBehind(at, FRAME_HEADER)
      if (there < body) return wanting(body, 'a frame')
      const header = withoutMarks(bytes, inside(at), at, body)
      const view = new DataView(header.buffer, header.byteOffset, FRAME_HEADER)
      const length = view.getUint32(0, true)
      if (length > maxRecord) throw formatError(path, base + at, `a frame of ${length} bytes begins here, and maxRecord is ${maxRecord}`)
      const end = endBehind(at, FRAME_HEADER + length)
      if (at < this.#from) {
        this.#position = end
        continue
      }
      if (there < end) return wanting(end, 'a frame')
      const found = payloadValue(withoutMarks(bytes, inside(body), body, end), view.getUint32(4, true))
      if (found === undefined) throw formatError(path, base + at, 'a damaged frame: its bytes do not have the check sum that was written')
      this.#position = end
      return { value: found.value, at: base + at, end: base + end }
    }
  }
}

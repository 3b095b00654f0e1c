import { type BufferLike, memoryOf } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import { duplicate } from '../memory/copy.js'
import { swapBytes } from './byte-order.js'
import { FRAME_HEADER, LARGEST_PAYLOAD } from './frames.js'
import type { RecordFormat } from './record-stream.js'
import type { View } from './view.js'

/** A value on its way to a file, in memory of its own. */
export interface Encoded {
  /** What is written; of a frame, its payload; of a line, its text. */
  readonly value: Uint8Array | string
  /** What it takes in the file; of a frame without the marks that fall into it. */
  readonly length: number
  /** Where it takes its place, once it has one, */
  from: number
  /** where it is: a frame, maybe behind a mark; */
  at: number
  end: number
}

const encoded = (value: Uint8Array | string, length: number): Encoded => ({ value, length, from: 0, at: 0, end: 0 })

/** Writes a line where it has its place: ASCII, where each character is a byte, is quicker. */
export function putLine(text: string, length: number, into: Buffer, at: number): void {
  into.write(text, at, length === text.length + 1 ? 'latin1' : 'utf8')
  into[at + length - 1] = LINE_FEED
}

const LINE_FEED = 10

/** Throws what is wrong with a value for the format. */
export function encodeRecord(value: unknown, format: RecordFormat, view: View): Encoded {
  if (format === 'frames') {
    const bytes = encodeObject(value).slice()
    if (bytes.length > LARGEST_PAYLOAD) throw new CountError(`value: a frame has less than 4 GiB, this one ${bytes.length} bytes`)
    return encoded(bytes, bytes.length + FRAME_HEADER)
  }
  if (format === 'lines') {
    if (typeof value !== 'string') throw new DatatypeError(`value: format 'lines' takes strings, got ${shown(value)}`)
    if (value.includes('\n') || value.endsWith('\r')) {
      throw new ArgumentError(
        `value: ${shown(value)} has a line break within, and would be read as another line; format 'frames' takes any text`
      )
    }
    return encoded(value, Buffer.byteLength(value) + 1)
  }
  view.checkData(value, 'value')
  const memory = value instanceof Pickable ? value.picked.runs.packed() : duplicate(memoryOf(value as BufferLike))
  if (view.swaps) swapBytes(memory, view.types)
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
  return encoded(bytes, bytes.length)
}

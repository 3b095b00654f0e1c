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
  /** What is written; of a frame, its payload. */
  readonly bytes: Uint8Array
  /** What it takes in the file; of a frame without the marks that fall into it. */
  readonly length: number
}

/** Throws what is wrong with a value for the format. */
export function encodeRecord(value: unknown, format: RecordFormat, view: View): Encoded {
  if (format === 'frames') {
    const bytes = encodeObject(value).slice()
    if (bytes.length > LARGEST_PAYLOAD) throw new CountError(`value: a frame has less than 4 GiB, this one ${bytes.length} bytes`)
    return { bytes, length: bytes.length + FRAME_HEADER }
  }
  if (format === 'lines') {
    if (typeof value !== 'string') throw new DatatypeError(`value: format 'lines' takes strings, got ${shown(value)}`)
    if (value.includes('\n') || value.endsWith('\r')) {
      throw new ArgumentError(
        `value: ${shown(value)} has a line break within, and would be read as another line; format 'frames' takes any text`
      )
    }
    const bytes = Buffer.from(`${value}\n`)
    return { bytes, length: bytes.length }
  }
  view.checkData(value, 'value')
  const memory = value instanceof Pickable ? value.picked.runs.packed() : duplicate(memoryOf(value as BufferLike))
  if (view.swaps) swapBytes(memory, view.types)
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
  return { bytes, length: bytes.length }
}

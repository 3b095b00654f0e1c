import { ArgumentError } from '../errors.js'
import { duplicate, type Memory } from '../memory/copy.js'
import { type BufferLike, datatypeOf, memoryOf, OBJECT, valueOn } from './datatype.js'

/** The bytes of a buffer whose memory is taken away from its owner, without copying where they fill it. */
export function takeOver(data: BufferLike): Memory {
  const [buffer, offset] = ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset] : [data, 0]
  const { byteLength } = data
  let moved: ArrayBuffer
  try {
    moved = structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] })
    // Before Node 21 what must not be moved is copied without a word.
    if (buffer.byteLength > 0) throw new TypeError('the buffer cannot be detached')
  } catch (cause) {
    throw new ArgumentError(
      'transfer: this memory cannot be moved, for others use it too (a pooled Buffer, a SharedArrayBuffer, WebAssembly memory); ' +
        'send without transfer, or a copy',
      { cause }
    )
  }
  return memoryOf(byteLength === moved.byteLength ? moved : moved.slice(offset, offset + byteLength))
}

export function overlap(data: unknown, into: BufferLike): boolean {
  if (datatypeOf(data) === OBJECT) return false
  return (ArrayBuffer.isView(data) ? data.buffer : data) === (ArrayBuffer.isView(into) ? into.buffer : into)
}

export function snapshot(data: BufferLike): BufferLike {
  return valueOn(datatypeOf(data), duplicate(memoryOf(data)).buffer as ArrayBuffer)
}

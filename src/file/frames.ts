import { decodeObject } from '../codec/object.js'
import { crc32c } from './crc32c.js'

/**
 * The format 'frames', any values one behind the other. Positions are from the start of the view; numbers are little-endian.
 *
 * A frame is the length of its payload (4 bytes), the CRC-32C of that (4), and the payload: CBOR, as codec/kinds.ts describes it.
 *
 * At every multiple of 64 KiB lies a mark of 16 bytes, whatever frame it falls into: 'RXF1', where the first frame behind it begins (8
 * bytes), and the CRC-32C of these twelve. So whoever begins in the middle of a file finds the frames by looking at one place, and nothing
 * that a payload holds can be taken for a mark.
 */

export const MARK_EVERY = 65_536
export const MARK = 16
export const FRAME_HEADER = 8
const MAGIC = 0x31465852
/** Payload bytes between two marks. */
const BETWEEN = MARK_EVERY - MARK
export const LARGEST_PAYLOAD = 2 ** 32 - 1

/** Where a frame begins that comes behind `position`: not where a mark is. */
export function beginBehind(position: number): number {
  const within = position % MARK_EVERY
  return within < MARK ? position - within + MARK : position
}

/** Where so many bytes end that begin behind `position`, with the marks among them. */
export function endBehind(position: number, bytes: number): number {
  const begin = beginBehind(position)
  const room = MARK_EVERY - (begin % MARK_EVERY)
  if (bytes <= room) return begin + bytes
  const rest = bytes - room
  const whole = Math.ceil(rest / BETWEEN) - 1
  return begin + room + whole * MARK_EVERY + MARK + (rest - whole * BETWEEN)
}

/** The bytes of the file from `position` on that a frame with this payload is, marks included. */
export function frameAt(position: number, payload: Uint8Array): Uint8Array {
  const end = endBehind(position, FRAME_HEADER + payload.length)
  const bytes = new Uint8Array(end - position)
  const view = new DataView(bytes.buffer)
  const begin = beginBehind(position)
  const firstMark = Math.ceil(position / MARK_EVERY) * MARK_EVERY
  for (let mark = firstMark; mark < end; mark += MARK_EVERY) {
    writeMark(view, mark - position, mark < begin ? begin : beginBehind(end))
  }
  const header = new Uint8Array(FRAME_HEADER)
  const numbers = new DataView(header.buffer)
  numbers.setUint32(0, payload.length, true)
  numbers.setUint32(4, crc32c(payload), true)
  let at = begin
  for (const part of [header, payload]) {
    for (let done = 0; done < part.length; ) {
      const count = Math.min(part.length - done, MARK_EVERY - (at % MARK_EVERY))
      bytes.set(part.subarray(done, done + count), at - position)
      done += count
      at += count
      if (at % MARK_EVERY === 0) at += MARK
    }
  }
  return bytes
}

function writeMark(view: DataView, at: number, next: number): void {
  view.setUint32(at, MAGIC, true)
  view.setBigUint64(at + 4, BigInt(next), true)
  view.setUint32(at + 12, crc32c(new Uint8Array(view.buffer, at, 12)), true)
}

/** Where the first frame behind a mark begins; `undefined` for what is no mark. */
export function readMark(bytes: Uint8Array, at: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, MARK)
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(12, true) !== crc32c(bytes, at, at + 12)) return undefined
  return Number(view.getBigUint64(4, true))
}

/** The bytes between `position` and `end` of the file, which lie from `at` on in `bytes`, without the marks among them. */
export function withoutMarks(bytes: Uint8Array, at: number, position: number, end: number): Uint8Array {
  const next = Math.ceil(position / MARK_EVERY) * MARK_EVERY
  if (next >= end) return bytes.subarray(at, at + end - position)
  const parts: Uint8Array[] = []
  for (let from = beginBehind(position); from < end; ) {
    const to = Math.min(end, (Math.floor(from / MARK_EVERY) + 1) * MARK_EVERY)
    parts.push(bytes.subarray(at + from - position, at + to - position))
    from = to + MARK
  }
  return Buffer.concat(parts)
}

/** A frame's value; `undefined` where its bytes are not those that were written. */
export function payloadValue(payload: Uint8Array, sum: number): { value: unknown } | undefined {
  if (crc32c(payload) !== sum) return undefined
  try {
    return { value: decodeObject(payload) }
  } catch {
    return undefined
  }
}

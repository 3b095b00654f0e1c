import { type BufferLike, bytesOf, datatypeOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { copy } from '../../memory/copy.js'
import type { Board } from '../../transport/board.js'

/** Up to here a string fits a note, whatever it is made of. */
const SHORT = 24

/** Whether a value that is no buffer fits a note. Objects go by messages: how long they are shows late. */
export function isShort(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= SHORT
  return typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined
}

/** What a note holds: of which kind, and how many bytes. */
export interface Content {
  readonly datatype: number
  readonly bytes: number
}

const A_NUMBER: Content = { datatype: NUMBER, bytes: 8 }

/** Writes a value into this rank's note. */
export function writeValue(value: unknown, board: Board, sequence: number): Content {
  if (typeof value === 'number') {
    board.setNumber(sequence, value)
    return A_NUMBER
  }
  const datatype = datatypeOf(value)
  const bytes = datatype === OBJECT ? encodeObject(value) : bytesOf(value as BufferLike)
  copy(bytes, 0, board.bytes, board.placeOf(board.rank, sequence), bytes.length)
  return { datatype, bytes: bytes.length }
}

/** The value of a rank's note, or of a run of it, on memory of its own. */
export function readValue(board: Board, rank: number, sequence: number, { datatype, bytes }: Content, start = 0): unknown {
  if (datatype === NUMBER) return board.number(rank, sequence)
  const place = board.placeOf(rank, sequence) + start
  if (datatype === OBJECT) return decodeObject(board.bytes, place, bytes)
  return valueOn(datatype, board.bytes.slice(place, place + bytes).buffer, 0, bytes)
}

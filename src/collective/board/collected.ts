import { type BufferLike, bytesOf, datatypeOf, memoryOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copy } from '../../memory/copy.js'
import type { Board } from '../../transport/board.js'
import { anyWantsInOne, areAlike, bytesIn, kindIn, lengthOf } from './note-length.js'
import type { Posts } from './posts.js'

/** Up to here a string fits a note, whatever it is made of. */
const SHORT = 24
const NUMBER_WRITTEN = { shape: 0, length: lengthOf(NUMBER, 8, false) }

/**
 * A collection at all by a board: numbers, short arrays and primitives as values, short arrays in one place. Objects go by messages: how
 * long they are shows late.
 */
export const collectedPosts = <T, R>(): Posts<T, R> => ({
  takes(value, most, { into }) {
    if (datatypeOf(value) !== OBJECT) return memoryOf(value as unknown as BufferLike).byteLength <= most
    if (into !== undefined) return false
    if (typeof value === 'string') return value.length <= SHORT
    return typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined
  },
  write(value, board, sequence, { into }) {
    if (typeof value === 'number') {
      board.setNumber(sequence, value)
      return NUMBER_WRITTEN
    }
    const datatype = datatypeOf(value)
    const bytes = datatype === OBJECT ? encodeObject(value) : bytesOf(value as unknown as BufferLike)
    copy(bytes, 0, board.bytes, board.placeOf(board.rank, sequence), bytes.length)
    return { shape: 0, length: lengthOf(datatype, bytes.length, into !== undefined) }
  },
  agree: (board, sequence) => areAlike(board, sequence) || !anyWantsInOne(board, sequence),
  read(board, sequence, _, { into }) {
    if (into === undefined) return Array.from({ length: board.size }, (_, rank) => valueIn(board, rank, sequence)) as R
    checkAttached(into, 'into')
    const bytes = bytesIn(board, 0, sequence)
    const place = bytesOf(into)
    for (let rank = 0; rank < board.size; rank++) copy(board.bytes, board.placeOf(rank, sequence), place, rank * bytes, bytes)
    return into as R
  }
})

function valueIn(board: Board, rank: number, sequence: number): unknown {
  const [datatype, bytes] = [kindIn(board, rank, sequence), bytesIn(board, rank, sequence)]
  if (datatype === NUMBER) return board.number(rank, sequence)
  const place = board.placeOf(rank, sequence)
  if (datatype === OBJECT) return decodeObject(board.bytes, place, bytes)
  return valueOn(datatype, board.bytes.slice(place, place + bytes).buffer, 0, bytes)
}

import { type BufferLike, datatypeOf, memoryOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { type Board, NOTE_DATA } from '../../transport/board.js'
import type { Posts } from './posts.js'

/** Up to here a string fits a note, whatever it is made of. */
const SHORT = 24
/** A note's length has the kind of its data above the number of bytes. */
const KIND_BITS = 8

/** A collection at all by a board, as values: numbers, short arrays, primitives. Objects go by messages: how long they are shows late. */
export const collectedPosts = <T, R>(): Posts<T, R> => ({
  takes(value, { into }) {
    if (into !== undefined) return false
    if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return true
    if (typeof value === 'string') return value.length <= SHORT
    return datatypeOf(value) !== OBJECT && memoryOf(value as unknown as BufferLike).byteLength <= NOTE_DATA
  },
  write(value, board, sequence) {
    const place = board.placeOf(board.rank, sequence)
    if (typeof value === 'number') {
      board.setNumber(sequence, value)
      return { shape: 0, length: (NUMBER << KIND_BITS) | 8 }
    }
    const datatype = datatypeOf(value)
    const { buffer, byteOffset, byteLength } = datatype === OBJECT ? encodeObject(value) : memoryOf(value as unknown as BufferLike)
    board.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), place)
    return { shape: 0, length: (datatype << KIND_BITS) | byteLength }
  },
  read: (board, sequence) => Array.from({ length: board.size }, (_, rank) => valueIn(board, rank, sequence)) as R
})

function valueIn(board: Board, rank: number, sequence: number): unknown {
  const length = board.lengthOf(rank, sequence)
  const [datatype, bytes] = [length >> KIND_BITS, length & (2 ** KIND_BITS - 1)]
  if (datatype === NUMBER) return board.number(rank, sequence)
  const place = board.placeOf(rank, sequence)
  if (datatype === OBJECT) return decodeObject(board.bytes, place, bytes)
  return valueOn(datatype, board.bytes.slice(place, place + bytes).buffer, 0, bytes)
}

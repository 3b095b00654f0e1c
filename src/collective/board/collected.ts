import { type BufferLike, datatypeOf, matches, memoryOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { copy } from '../../memory/copy.js'
import { type Board, NOTE_DATA } from '../../transport/board.js'
import type { Posts } from './posts.js'

/** Up to here a string fits a note, whatever it is made of. */
const SHORT = 24
/** A note's length has the kind of its data above the number of bytes, */
const KIND_BITS = 8
/** and above both whether its rank wants the blocks of all in one place, where they have to be of a kind and as long. */
const WANTED_IN_ONE = 2 ** 30

/** A collection at all by a board, as values: numbers, short arrays, primitives. Objects go by messages: how long they are shows late. */
export const collectedPosts = <T, R>(): Posts<T, R> => ({
  takes(value, { into }) {
    if (into !== undefined) return fits(value)
    if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return true
    if (typeof value === 'string') return value.length <= SHORT
    return fits(value)
  },
  write(value, board, sequence, { into }) {
    const place = board.placeOf(board.rank, sequence)
    if (typeof value === 'number') {
      board.setNumber(sequence, value)
      return { shape: 0, length: (NUMBER << KIND_BITS) | 8 }
    }
    const datatype = datatypeOf(value)
    const { buffer, byteOffset, byteLength } = datatype === OBJECT ? encodeObject(value) : memoryOf(value as unknown as BufferLike)
    board.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), place)
    return { shape: 0, length: (into === undefined ? 0 : WANTED_IN_ONE) | (datatype << KIND_BITS) | byteLength }
  },
  agree(board, sequence) {
    let anyWants = false
    let areAlike = true
    const first = lengthIn(board, 0, sequence)
    for (let rank = 0; rank < board.size; rank++) {
      if ((board.lengthOf(rank, sequence) & WANTED_IN_ONE) !== 0) anyWants = true
      const length = lengthIn(board, rank, sequence)
      if (bytesOf(length) !== bytesOf(first) || !matches(kindOf(length), kindOf(first))) areAlike = false
    }
    return areAlike || !anyWants
  },
  read(board, sequence, _, { into }) {
    if (into === undefined) return Array.from({ length: board.size }, (_, rank) => valueIn(board, rank, sequence)) as R
    const byteLength = bytesOf(lengthIn(board, 0, sequence))
    const { buffer, byteOffset } = memoryOf(into)
    const place = new Uint8Array(buffer, byteOffset, byteLength * board.size)
    for (let rank = 0; rank < board.size; rank++) copy(board.bytes, board.placeOf(rank, sequence), place, rank * byteLength, byteLength)
    return into as R
  }
})

const fits = (value: unknown): boolean => datatypeOf(value) !== OBJECT && memoryOf(value as unknown as BufferLike).byteLength <= NOTE_DATA

const lengthIn = (board: Board, rank: number, sequence: number): number => board.lengthOf(rank, sequence) & ~WANTED_IN_ONE
const kindOf = (length: number): number => length >> KIND_BITS
const bytesOf = (length: number): number => length & (2 ** KIND_BITS - 1)

function valueIn(board: Board, rank: number, sequence: number): unknown {
  const length = lengthIn(board, rank, sequence)
  const [datatype, bytes] = [kindOf(length), bytesOf(length)]
  if (datatype === NUMBER) return board.number(rank, sequence)
  const place = board.placeOf(rank, sequence)
  if (datatype === OBJECT) return decodeObject(board.bytes, place, bytes)
  return valueOn(datatype, board.bytes.slice(place, place + bytes).buffer, 0, bytes)
}

import { type BufferLike, bytesOf, datatypeOf, memoryOf, OBJECT } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copy } from '../../memory/copy.js'
import type { Board } from '../../transport/board.js'
import { anyWantsInOne, areAlike, bytesIn, kindIn, lengthOf } from './note-length.js'
import { isShort, readValue, writeValue } from './note-value.js'
import type { Posts } from './posts.js'

/** A collection at all by a board: numbers, short arrays and primitives as values, short arrays in one place. */
export const collectedPosts = <T, R>(): Posts<T, R> => ({
  takes(value, most, { into }) {
    if (datatypeOf(value) !== OBJECT) return memoryOf(value as unknown as BufferLike).byteLength <= most
    return into === undefined && isShort(value)
  },
  write(value, board, sequence, { into }) {
    const { datatype, bytes } = writeValue(value, board, sequence)
    return { shape: 0, length: lengthOf(datatype, bytes, into !== undefined) }
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

const valueIn = (board: Board, rank: number, sequence: number): unknown =>
  readValue(board, rank, sequence, { datatype: kindIn(board, rank, sequence), bytes: bytesIn(board, rank, sequence) })

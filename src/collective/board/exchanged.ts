import { type BufferLike, bytesOf, datatypeOf, OBJECT, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copy } from '../../memory/copy.js'
import { unfilled } from '../../memory/scratch.js'
import { areAlike, bytesIn, kindIn, lengthOf } from './note-length.js'
import type { Posts } from './posts.js'

/** An exchange of all with all by a board: each rank posts its array whole, and takes its own block out of every other's. */
export const exchangedPosts = <T, R>(): Posts<T, R> => ({
  takes: (data, most) => datatypeOf(data) !== OBJECT && (data as BufferLike).byteLength <= most,
  write(data, board, sequence) {
    const bytes = bytesOf(data as BufferLike)
    copy(bytes, 0, board.bytes, board.placeOf(board.rank, sequence), bytes.length)
    return { shape: 0, length: lengthOf(datatypeOf(data), bytes.length, false) }
  },
  agree: areAlike,
  read(board, sequence, _, { into }) {
    if (into !== undefined) checkAttached(into, 'into')
    const length = bytesIn(board, board.rank, sequence)
    const place = into ?? valueOn(kindIn(board, board.rank, sequence), unfilled(length), 0, length)
    const bytes = bytesOf(place)
    const share = length / board.size
    for (let rank = 0; rank < board.size; rank++) {
      copy(board.bytes, board.placeOf(rank, sequence) + board.rank * share, bytes, rank * share, share)
    }
    return place as R
  }
})

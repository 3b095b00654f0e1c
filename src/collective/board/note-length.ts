import { matches } from '../../codec/datatype.js'
import type { Board } from '../../transport/board.js'

/** The length of a note that holds data of some kind: the kind above the number of bytes, */
const KIND_BITS = 16
/** and above both whether its rank wants the blocks of all in one place, where they have to be of a kind and as long. */
const WANTED_IN_ONE = 2 ** 30

export const lengthOf = (datatype: number, bytes: number, wantsInOne: boolean): number =>
  (wantsInOne ? WANTED_IN_ONE : 0) | (datatype << KIND_BITS) | bytes

export const kindIn = (board: Board, rank: number, sequence: number): number =>
  (board.lengthOf(rank, sequence) & ~WANTED_IN_ONE) >> KIND_BITS

export const bytesIn = (board: Board, rank: number, sequence: number): number => board.lengthOf(rank, sequence) & (2 ** KIND_BITS - 1)

/** Whether all have given data of a kind and as much. */
export function areAlike(board: Board, sequence: number): boolean {
  const [kind, bytes] = [kindIn(board, 0, sequence), bytesIn(board, 0, sequence)]
  for (let rank = 1; rank < board.size; rank++) {
    if (bytesIn(board, rank, sequence) !== bytes || !matches(kindIn(board, rank, sequence), kind)) return false
  }
  return true
}

export function anyWantsInOne(board: Board, sequence: number): boolean {
  for (let rank = 0; rank < board.size; rank++) if ((board.lengthOf(rank, sequence) & WANTED_IN_ONE) !== 0) return true
  return false
}

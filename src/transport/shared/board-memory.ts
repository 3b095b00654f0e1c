import { NOTE_DATA } from '../board.js'
import { clearStages, stagesBytes } from './stage.js'

/**
 * Boards in the memory of a host. Each has a line with its key, then for each rank a line that says how far it has read, then the rank's
 * notes. The first word of a note is written last, and says which call it is of. Behind the boards is a stage for each rank.
 */

/** With more ranks a tree is better: each rank reads the notes of all. */
const MOST_RANKS = 16
/** Communicators that may have a board at the same time; others do without. */
export const BOARDS = 64
export const NOTES = 8
export const LINE_BYTES = 128
/** Words of a note before its data: the call, what was called, on how much, bytes; */
export const CALL = 0
export const HASH = 1
export const SHAPE = 2
export const LENGTH = 3
/** of one whose rank goes step by step: the step it has done; where it has laid its data, in which memory, 0 for its stage; */
export const STEP = 4
export const MEMORY = 5
/** and where in that, and how much, as numbers of 64 bits. */
export const OFFSET = 6
export const SIZE = 8
export const HEADER_BYTES = 40
export const NOTE_BYTES = HEADER_BYTES + NOTE_DATA

/** Words of a board's first line: its key in two, how many have left it. */
export const LEFT = 2
/** Words of a rank's line: the first call that it may still read, whether it has left. */
export const READ = 0
export const HAS_LEFT = 1
const rankBytes = LINE_BYTES + NOTES * NOTE_BYTES
export const lineAt = (rank: number): number => LINE_BYTES + rank * rankBytes
export const boardBytes = (size: number): number => lineAt(size)

/** Where the stages begin. */
export const stagesAt = (size: number): number => BOARDS * boardBytes(size)

/** What the boards and stages of a world of so many ranks take; 0 where there are none. */
export const boardsBytes = (size: number): number => (size > 1 && size <= MOST_RANKS ? stagesAt(size) + stagesBytes(size) : 0)

/** The boards of a world of so many ranks on one host; what nobody touches takes no memory. */
export function allocateBoards(size: number): SharedArrayBuffer | undefined {
  const bytes = boardsBytes(size)
  return bytes === 0 ? undefined : new SharedArrayBuffer(bytes)
}

/** Takes away boards that are still in use. One that all have left is empty. */
export function clearBoards(memory: ArrayBufferLike, size: number): void {
  const keys = new BigInt64Array(memory)
  const bytes = boardBytes(size)
  for (let place = 0; place < BOARDS; place++) {
    const key = (place * bytes) >> 3
    if (keys[key] === 0n) continue
    empty(new Int32Array(memory, place * bytes, bytes >> 2), size)
    keys[key] = 0n
  }
  clearStages(new Int32Array(memory, stagesAt(size)), size)
}

/** A number that has changed when a rank has done a call on one of the boards. Those that nobody has used are not touched. */
export function callsDone(memory: ArrayBufferLike, size: number): number {
  const words = new Int32Array(memory)
  const keys = new BigInt64Array(memory)
  const bytes = boardBytes(size)
  let sum = 0
  for (let place = 0; place < BOARDS; place++) {
    if (Atomics.load(keys, (place * bytes) >> 3) === 0n) continue
    for (let rank = 0; rank < size; rank++) {
      const read = Atomics.load(words, ((place * bytes + lineAt(rank)) >> 2) + READ)
      sum = (Math.imul(sum, 31) + read) | 0
    }
  }
  return sum
}

/** Takes all notes off a board, and says of no rank that it has read or left. The data stays: to touch it all would take longer. */
export function empty(words: Int32Array, size: number): void {
  words[LEFT] = 0
  for (let rank = 0; rank < size; rank++) {
    const line = lineAt(rank)
    words.fill(0, line >> 2, (line + LINE_BYTES) >> 2)
    for (let note = 0; note < NOTES; note++) words[((line + LINE_BYTES + note * NOTE_BYTES) >> 2) + CALL] = 0
  }
}

import { type Board, type BoardReader, type Boards, NOTE_DATA } from '../board.js'
import { wake } from './bell.js'

/**
 * Boards in the memory of a host. Each has a line with its key, then for each rank a line that says how far it has read, then the rank's
 * notes. The first word of a note is written last, and says which call it is of.
 */

/** With more ranks a tree is better: each rank reads the notes of all. */
const MOST_RANKS = 16
/** Communicators that may have a board at the same time; others do without. */
const BOARDS = 64
const NOTES = 8
const LINE_BYTES = 128
/** Words of a note before its data: the call, what was called, on how much, bytes. */
const CALL = 0
const HASH = 1
const SHAPE = 2
const LENGTH = 3
const HEADER_BYTES = 16
const NOTE_BYTES = HEADER_BYTES + NOTE_DATA

/** Words of a board's first line: its key in two, how many have left it. */
const LEFT = 2
/** Words of a rank's line: the first call that it may still read, whether it has left. */
const READ = 0
const HAS_LEFT = 1
const rankBytes = LINE_BYTES + NOTES * NOTE_BYTES
const lineAt = (rank: number): number => LINE_BYTES + rank * rankBytes
const boardBytes = (size: number): number => lineAt(size)

/** What the boards of a world of so many ranks take; 0 where there are none. */
export const boardsBytes = (size: number): number => (size > 1 && size <= MOST_RANKS ? BOARDS * boardBytes(size) : 0)

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
}

/** Takes all notes off a board, and says of no rank that it has read or left. The data stays: to touch it all would take longer. */
function empty(words: Int32Array, size: number): void {
  words[LEFT] = 0
  for (let rank = 0; rank < size; rank++) {
    const line = lineAt(rank)
    words.fill(0, line >> 2, (line + LINE_BYTES) >> 2)
    for (let note = 0; note < NOTES; note++) words[((line + LINE_BYTES + note * NOTE_BYTES) >> 2) + CALL] = 0
  }
}

/** The boards as one rank has them. */
export class HostBoards implements Boards {
  readonly #memory: ArrayBufferLike
  readonly #keys: BigInt64Array
  readonly #rank: number
  readonly #bells: readonly Int32Array[]
  readonly #bytes: number
  /** Those on which this rank waits. */
  readonly #waiting: HostBoard[] = []

  /** `bells`: where each rank of the world sleeps. */
  constructor(memory: ArrayBufferLike, rank: number, bells: readonly Int32Array[]) {
    this.#memory = memory
    this.#keys = new BigInt64Array(memory)
    this.#rank = rank
    this.#bells = bells
    this.#bytes = boardBytes(bells.length)
  }

  /**
   * The board of a communicator, by its id and members. Its first member takes one; for others there is none until that has been done, nor
   * where all are in use.
   */
  open(id: number, members: readonly number[]): HostBoard | undefined {
    const key = keyOf(id, members)
    const place = this.#find(key) ?? (members[0] === this.#rank ? this.#take(key) : undefined)
    if (place === undefined) return undefined
    const bells = members.map((member) => this.#bells[member]!)
    return new HostBoard(this.#memory, place * this.#bytes, members.indexOf(this.#rank), bells, this.#waiting)
  }

  /** A member has no use for it any more; it goes to others when that is true of all. */
  leave(id: number, members: readonly number[]): void {
    const place = this.#find(keyOf(id, members))
    if (place === undefined) return
    const words = new Int32Array(this.#memory, place * this.#bytes, this.#bytes >> 2)
    const line = lineAt(members.indexOf(this.#rank)) >> 2
    // What is made of a communicator may be given up with it, and before it.
    if (Atomics.exchange(words, line + HAS_LEFT, 1) === 1) return
    if (Atomics.add(words, LEFT, 1) + 1 < members.length) return
    empty(words, members.length)
    Atomics.store(this.#keys, this.#keyAt(place), 0n)
  }

  /** Looks for notes that are waited for; true when some call has gone on. */
  poll(): boolean {
    const boards = this.#waiting
    if (boards.length === 0) return false
    let any = false
    for (let k = 0; k < boards.length; k++) if (boards[k]!.look()) any = true
    return any
  }

  beforeSleep(): void {
    for (const board of [...this.#waiting]) board.beforeSleep()
  }

  #find(key: bigint): number | undefined {
    for (let place = 0; place < BOARDS; place++) if (Atomics.load(this.#keys, this.#keyAt(place)) === key) return place
    return undefined
  }

  #take(key: bigint): number | undefined {
    for (let place = 0; place < BOARDS; place++) {
      if (Atomics.compareExchange(this.#keys, this.#keyAt(place), 0n, key) === 0n) return place
    }
    return undefined
  }

  #keyAt(place: number): number {
    return (place * this.#bytes) >> 3
  }
}

/** Never 0: that is no key. */
const keyOf = (id: number, [first]: readonly number[]): bigint => (BigInt(id + 1) << 16n) | BigInt(first!)

/** The board of a communicator, as one of its ranks has it. */
export class HostBoard implements Board {
  readonly rank: number
  readonly size: number
  readonly bytes: Uint8Array
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #base: number
  readonly #bells: readonly Int32Array[]
  readonly #readers: BoardReader[] = []
  readonly #waiting: HostBoard[]
  /** The call of this rank's last note in each place. */
  readonly #posted: number[] = new Array(NOTES).fill(-1)
  /** That of its last note. */
  #last = -1
  /** All were seen to have read up to this call: to look is to take a line of the cache from each that writes it at every call. */
  #readByAll = 0

  constructor(memory: ArrayBufferLike, base: number, rank: number, bells: readonly Int32Array[], waiting: HostBoard[]) {
    this.rank = rank
    this.size = bells.length
    this.bytes = new Uint8Array(memory)
    this.#words = new Int32Array(memory)
    this.#doubles = new Float64Array(memory)
    this.#base = base
    this.#bells = bells
    this.#waiting = waiting
  }

  /** Whether there is room for this rank's note: all have read what it has there. */
  hasRoom(sequence: number): boolean {
    const before = this.#posted[sequence % NOTES]!
    if (before < 0 || ((this.#readByAll - before) | 0) > 0) return true
    let least = this.#last + 1
    for (let rank = 0; rank < this.size; rank++) {
      const next = Atomics.load(this.#words, (this.#lineOf(rank) >> 2) + READ)
      if (((next - least) | 0) < 0) least = next
    }
    this.#readByAll = least | 0
    return ((least - before) | 0) > 0
  }

  /** Where the data of a note is, in `bytes`; a multiple of 8. */
  placeOf(rank: number, sequence: number): number {
    return this.#noteOf(rank, sequence) + HEADER_BYTES
  }

  number(rank: number, sequence: number): number {
    return this.#doubles[this.placeOf(rank, sequence) >> 3]!
  }

  setNumber(sequence: number, value: number): void {
    this.#doubles[this.placeOf(this.rank, sequence) >> 3] = value
  }

  /** Posts this rank's note, whose data is written already. Wakes the others if it is the last that was missing. */
  post(sequence: number, hash: number, shape: number, length: number): void {
    const words = this.#words
    const note = this.#noteOf(this.rank, sequence) >> 2
    words[note + HASH] = hash
    words[note + SHAPE] = shape
    words[note + LENGTH] = length
    Atomics.store(words, note + CALL, (sequence + 1) | 0)
    this.#posted[sequence % NOTES] = sequence
    this.#last = sequence
    // Of two that post at the same time one at least sees both.
    if (this.missing(sequence, 0) < 0) for (let rank = 0; rank < this.size; rank++) if (rank !== this.rank) wake(this.#bells[rank]!)
  }

  /** The first rank from one on whose note is not there; -1 where all are. */
  missing(sequence: number, from: number): number {
    for (let rank = from; rank < this.size; rank++) if (!this.has(rank, sequence)) return rank
    return -1
  }

  has(rank: number, sequence: number): boolean {
    return Atomics.load(this.#words, this.#noteOf(rank, sequence) >> 2) === ((sequence + 1) | 0)
  }

  /** Whether a rank's note is of the same call as this rank's. */
  agrees(rank: number, sequence: number): boolean {
    const own = this.#noteOf(this.rank, sequence) >> 2
    const other = this.#noteOf(rank, sequence) >> 2
    return this.#words[own + HASH] === this.#words[other + HASH] && this.#words[own + SHAPE] === this.#words[other + SHAPE]
  }

  lengthOf(rank: number, sequence: number): number {
    return this.#words[(this.#noteOf(rank, sequence) >> 2) + LENGTH]!
  }

  /** From now on it is looked whether the call can go on. */
  wait(reader: BoardReader): void {
    if (this.#readers.length === 0) this.#waiting.push(this)
    this.#readers.push(reader)
  }

  /** The notes of a call are not needed any more. */
  read(reader: BoardReader): void {
    const readers = this.#readers
    const place = readers.indexOf(reader)
    if (place >= 0) {
      readers.splice(place, 1)
      if (readers.length === 0) this.#waiting.splice(this.#waiting.indexOf(this), 1)
    }
    const next = readers.length === 0 ? this.#last + 1 : readers[0]!.sequence
    Atomics.store(this.#words, (this.#lineOf(this.rank) >> 2) + READ, next | 0)
  }

  look(): boolean {
    const readers = this.#readers
    let any = false
    // Who goes on may call again, and what waits now may have gone on meanwhile.
    for (let k = 0; k < readers.length; ) {
      const reader = readers[k]!
      if (reader.look()) any = true
      if (readers[k] === reader) k++
    }
    return any
  }

  beforeSleep(): void {
    for (const reader of [...this.#readers]) reader.beforeSleep()
  }

  #lineOf(rank: number): number {
    return this.#base + lineAt(rank)
  }

  #noteOf(rank: number, sequence: number): number {
    return this.#lineOf(rank) + LINE_BYTES + (sequence % NOTES) * NOTE_BYTES
  }
}

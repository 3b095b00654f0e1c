import type { Board, BoardReader, Place, Stage } from '../board.js'
import { wake } from './bell.js'
import {
  CALL,
  HASH,
  HEADER_BYTES,
  LENGTH,
  LINE_BYTES,
  lineAt,
  MEMORY,
  NOTE_BYTES,
  NOTES,
  OFFSET,
  READ,
  SHAPE,
  SIZE,
  STEP
} from './board-memory.js'
import type { VisibleMemory } from './visible-memory.js'

/** Where a board is, and whose. */
export interface BoardPlace {
  readonly memory: ArrayBufferLike
  readonly base: number
  /** Where its key is, in words of 64 bits. */
  readonly key: number
  readonly rank: number
  /** Its ranks, as the world numbers them, */
  readonly members: readonly number[]
  /** where each sleeps, */
  readonly bells: readonly Int32Array[]
  /** and where its stage is. */
  readonly stages: readonly number[]
  /** Whether a rank of the world is no more. */
  readonly hasEnded: (member: number) => boolean
  readonly stage: Stage
  readonly visible: VisibleMemory | undefined
  readonly waiting: HostBoard[]
}

/** The board of a communicator, as one of its ranks has it. */
export class HostBoard implements Board {
  readonly rank: number
  readonly size: number
  readonly bytes: Uint8Array
  readonly stage: Stage
  readonly #keys: BigInt64Array
  readonly #key: number
  readonly #own: bigint
  readonly #members: readonly number[]
  readonly #hasEnded: (member: number) => boolean
  readonly #visible: VisibleMemory | undefined
  readonly #stages: readonly number[]
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #base: number
  readonly #bells: readonly Int32Array[]
  readonly #readers: BoardReader[] = []
  #whenIdle: (() => void) | undefined
  readonly #waiting: HostBoard[]
  /** The call of this rank's last note in each place. */
  readonly #posted: number[] = new Array(NOTES).fill(-1)
  /** That of its last note. */
  #last = -1
  /** All were seen to have read up to this call: to look is to take a line of the cache from each that writes it at every call. */
  #readByAll = 0

  constructor({ memory, base, key, rank, members, bells, stages, hasEnded, stage, visible, waiting }: BoardPlace) {
    this.rank = rank
    this.#members = members
    this.#hasEnded = hasEnded
    this.#visible = visible
    this.stage = stage
    this.#keys = new BigInt64Array(memory)
    this.#key = key
    this.#own = Atomics.load(this.#keys, key)
    this.#stages = stages
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
      const next = this.#readBy(rank)
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
    if (this.missing(sequence, 0) < 0) this.#wakeOthers()
  }

  stageOf(rank: number): number {
    return this.#stages[rank]!
  }

  lay(sequence: number, memory: Place, still: boolean): boolean {
    const note = this.#noteOf(this.rank, sequence) >> 2
    const number = still ? (this.#visible?.numberFor(memory.buffer, this.#members) ?? 0) : 0
    this.#words[note + MEMORY] = number
    this.#doubles[(note + OFFSET) >> 1] = number === 0 ? this.stage.half : memory.byteOffset
    this.#doubles[(note + SIZE) >> 1] = memory.byteLength
    return number > 0
  }

  placeLaid(rank: number, sequence: number): Place | undefined {
    const note = this.#noteOf(rank, sequence) >> 2
    const number = this.#words[note + MEMORY]!
    if (number === 0) return undefined
    const buffer = this.#visible!.memoryOf(this.#members[rank]!, number)
    return { buffer, byteOffset: this.#doubles[(note + OFFSET) >> 1]!, byteLength: this.sizeLaid(rank, sequence) }
  }

  halfLaid(rank: number, sequence: number): number {
    return this.#doubles[((this.#noteOf(rank, sequence) >> 2) + OFFSET) >> 1]!
  }

  sizeLaid(rank: number, sequence: number): number {
    return this.#doubles[((this.#noteOf(rank, sequence) >> 2) + SIZE) >> 1]!
  }

  pass(sequence: number, step: number): void {
    Atomics.store(this.#words, this.#stepOf(this.rank, sequence), step)
    if (step > 0 && this.behind(sequence, step, 0) < 0) this.#wakeOthers()
  }

  behind(sequence: number, step: number, from: number): number {
    for (let rank = from; rank < this.size; rank++) if (Atomics.load(this.#words, this.#stepOf(rank, sequence)) < step) return rank
    return -1
  }

  /** Nor where the board is another's by now, which all have left then. */
  isRead(sequence: number): boolean {
    if (Atomics.load(this.#keys, this.#key) !== this.#own) return true
    for (let rank = 0; rank < this.size; rank++) {
      if (((this.#readBy(rank) - sequence) | 0) <= 0 && !this.#hasEnded(this.#members[rank]!)) return false
    }
    return true
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
    // Of a call that goes by messages this rank has not posted.
    const next = readers.length === 0 ? Math.max(this.#last, reader.sequence) + 1 : readers[0]!.sequence
    Atomics.store(this.#words, (this.#lineOf(this.rank) >> 2) + READ, next | 0)
    if (readers.length === 0) this.#whenIdle?.()
  }

  /** Does something as soon as no call waits on it. */
  whenIdle(action: () => void): void {
    if (this.#readers.length === 0) action()
    else this.#whenIdle = action
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

  /** The first call that a rank may still read. */
  #readBy(rank: number): number {
    return Atomics.load(this.#words, (this.#lineOf(rank) >> 2) + READ)
  }

  #wakeOthers(): void {
    for (let rank = 0; rank < this.size; rank++) if (rank !== this.rank) wake(this.#bells[rank]!)
  }

  #stepOf(rank: number, sequence: number): number {
    return (this.#noteOf(rank, sequence) >> 2) + STEP
  }

  #lineOf(rank: number): number {
    return this.#base + lineAt(rank)
  }

  #noteOf(rank: number, sequence: number): number {
    return this.#lineOf(rank) + LINE_BYTES + (sequence % NOTES) * NOTE_BYTES
  }
}

import { type BufferLike, datatypeOf, memoryOf, OBJECT, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copyAll, duplicate, type Memory } from '../../memory/copy.js'
import { unfilled } from '../../memory/scratch.js'
import { fitting } from '../../request/receive-request.js'
import { type Board, COMBINED_BYTES, EXCHANGED_BYTES, NOTE_DATA, type Place } from '../../transport/board.js'
import { runOf } from '../algorithms/counts-displs.js'
import type { CallOptions } from '../call.js'
import { Misfit, type Ranks } from '../definition.js'
import { isShort, readValue, writeValue } from './note-value.js'
import { type Laid, MEET_AGAIN, type Stages } from './posts.js'

/** What each rank gets of what the root gives. */
interface From {
  readonly root: number
  /** 1: each rank gets all of it. Else it is a buffer with a block for each. */
  readonly blocks: number
  /** The root, in an error of the rank whose place does not fit. */
  readonly title: string
}

/**
 * What a root gives, in its note where that has room for it, and else on its stage. Only the root knows which: the others take it as it is.
 * Objects go by messages, as how long they are shows late.
 *
 * Steps: one of a note, and of the stage one a part, whatever the number of ranks. Bytes: the root copies what it gives once, unless the
 * others see its memory, and each rank what it gets.
 */
export function fromRoot<T, R>({ rank }: Ranks, from: From): Stages<T, R> {
  const isTaken = (value: T, { into }: CallOptions): boolean =>
    datatypeOf(value) !== OBJECT || (from.blocks === 1 && into === undefined && isShort(value))
  return {
    takes: (value, _, options) => rank !== from.root || isTaken(value, options),
    lay: (value, board, sequence, { into }) =>
      rank === from.root ? new Given<R>(from, board, sequence, value, into) : new Taken<R>(from, board, sequence, into)
  }
}

/** What the note of the root says: the kind of what it gives above how many bytes that has in the note, or that it is on the stage. */
const KIND_BITS = 16
const ON_STAGE = 2 ** KIND_BITS - 1

const HALF_BYTES = EXCHANGED_BYTES / 2
const ALIGNMENT = 64
/** What two ranks take at a time of what is on the stage: while one takes a part, the other lays the next. */
const PART_BYTES = 2 ** 18

/** How a block is cut into parts, of which two are on the stage at a time; memory that is read in place is one. */
class Parts {
  readonly blockBytes: number
  readonly count: number
  readonly #bytes: number
  readonly #first: number

  /** `half`: of the stage, where the first part is; `undefined` in place. */
  constructor({ size }: Board, blocks: number, bytes: number, half: number | undefined) {
    this.blockBytes = bytes / blocks
    this.#first = half ?? 0
    const most = size === 2 ? PART_BYTES : Math.floor(HALF_BYTES / blocks / ALIGNMENT) * ALIGNMENT
    this.#bytes = half === undefined ? this.blockBytes : most
    this.count = Math.ceil(this.blockBytes / this.#bytes)
  }

  /** Where a part begins in its block, and how long it is. */
  at(part: number): [start: number, bytes: number] {
    const start = part * this.#bytes
    return [start, Math.min(this.#bytes, this.blockBytes - start)]
  }

  /** Where that of a block is on the stage. */
  placeOf(block: number, part: number): number {
    return COMBINED_BYTES + ((this.#first + part) % 2) * HALF_BYTES + block * this.#bytes
  }
}

/** At the root. */
class Given<R> implements Laid<R> {
  readonly shape = 0
  readonly kind: number
  readonly #from: From
  readonly #board: Board
  readonly #value: unknown
  readonly #into: BufferLike | undefined
  /** Absent where all is in the note. */
  readonly #parts: Parts | undefined
  readonly #isInPlace: boolean = false

  constructor(from: From, board: Board, sequence: number, value: unknown, into: BufferLike | undefined) {
    this.#from = from
    this.#board = board
    this.#value = value
    this.#into = into
    const code = datatypeOf(value)
    if (code === OBJECT || (value as BufferLike).byteLength <= NOTE_DATA) {
      const { datatype, bytes } = writeValue(value, board, sequence)
      this.kind = (datatype << KIND_BITS) | bytes
      return
    }
    this.kind = (code << KIND_BITS) | ON_STAGE
    const memory = memoryOf(value as BufferLike)
    const { half } = board.stage
    this.#isInPlace = board.lay(sequence, memory, true)
    this.#parts = new Parts(board, from.blocks, memory.byteLength, this.#isInPlace ? undefined : half)
    if (this.#isInPlace) return
    board.stage.half = (half + this.#parts.count) % 2
    this.#lay(0)
  }

  check(): void {
    if (this.#parts !== undefined) checkAttached(this.#value as BufferLike, 'data')
  }

  step(step: number): R | Misfit | typeof MEET_AGAIN {
    const count = this.#parts?.count ?? 0
    if (step + 1 < count) this.#lay(step + 1)
    return step + 1 < count || (this.#isInPlace && step < count) ? MEET_AGAIN : this.#own()
  }

  #lay(part: number): void {
    const { bytes, rank, size } = this.#board
    const parts = this.#parts!
    const memory = memoryOf(this.#value as BufferLike)
    const [start, length] = parts.at(part)
    for (let block = 0; block < this.#from.blocks; block++) {
      if (this.#from.blocks === size && block === rank) continue
      const place = this.#board.stageOf(rank) + parts.placeOf(block, part)
      copyAll(runOf(memory, block * parts.blockBytes + start, length), runOf(bytes, place, length))
    }
  }

  /** What the root gets itself. */
  #own(): R | Misfit {
    const value = this.#value
    const [into, { blocks, title }] = [this.#into, this.#from]
    if (blocks === 1 && (into === undefined || into === value)) return value as R
    try {
      const memory = memoryOf(value as BufferLike)
      const bytes = memory.byteLength / blocks
      const own = runOf(memory, blocks === 1 ? 0 : this.#board.rank * bytes, bytes)
      const datatype = datatypeOf(value)
      if (into === undefined) return valueOn(datatype, duplicate(own).buffer as ArrayBuffer, 0, bytes) as R
      copyAll(
        own,
        fitting(into, datatype, bytes, () => title)
      )
      return into as R
    } catch (error) {
      return new Misfit(error as Error)
    }
  }
}

/** At another rank. What does not fit its place is its own error, and it takes its steps all the same. */
class Taken<R> implements Laid<R> {
  readonly shape = 0
  readonly kind = OBJECT
  readonly #from: From
  readonly #board: Board
  readonly #sequence: number
  readonly #into: BufferLike | undefined
  readonly #block: number
  #result: R | Misfit | undefined
  /** Of what is not in the note: its parts, where the root has it, if in place, and where it goes. */
  #parts: Parts | undefined
  #place: Place | undefined
  #target: Memory | undefined

  constructor(from: From, board: Board, sequence: number, into: BufferLike | undefined) {
    this.#from = from
    this.#board = board
    this.#sequence = sequence
    this.#into = into
    this.#block = from.blocks === 1 ? 0 : board.rank
  }

  check(): void {}

  step(step: number): R | Misfit | typeof MEET_AGAIN {
    const { root } = this.#from
    if (step === 0) {
      const kind = ~this.#board.lengthOf(root, this.#sequence)
      const [datatype, bytes] = [kind >> KIND_BITS, kind & ON_STAGE]
      this.#attempt(() => (bytes === ON_STAGE ? this.#begin(datatype) : this.#ofNote(datatype, bytes)))
    }
    const count = this.#parts?.count ?? 0
    if (step < count) this.#attempt(() => this.#take(step))
    return step + 1 < count || (this.#place !== undefined && step < count) ? MEET_AGAIN : (this.#result as R | Misfit)
  }

  #attempt(action: () => void): void {
    if (this.#result instanceof Misfit) return
    try {
      action()
    } catch (error) {
      this.#result = new Misfit(error as Error)
    }
  }

  #ofNote(datatype: number, all: number): void {
    const { root, blocks } = this.#from
    const board = this.#board
    const bytes = all / blocks
    const start = this.#block * bytes
    if (this.#into === undefined) this.#result = readValue(board, root, this.#sequence, { datatype, bytes }, start) as R
    else copyAll(runOf(board.bytes, board.placeOf(root, this.#sequence) + start, bytes), this.#fit(datatype, bytes))
  }

  #begin(datatype: number): void {
    const { root, blocks } = this.#from
    const [board, sequence] = [this.#board, this.#sequence]
    this.#place = board.placeLaid(root, sequence)
    const half = this.#place === undefined ? board.halfLaid(root, sequence) : undefined
    this.#parts = new Parts(board, blocks, board.sizeLaid(root, sequence), half)
    const bytes = this.#parts.blockBytes
    if (this.#into !== undefined) this.#target = this.#fit(datatype, bytes)
    else {
      const fresh = valueOn(datatype, unfilled(bytes), 0, bytes)
      this.#target = memoryOf(fresh)
      this.#result = fresh as R
    }
  }

  #fit(datatype: number, bytes: number): Memory {
    this.#result = this.#into as R
    return fitting(this.#into!, datatype, bytes, () => this.#from.title)
  }

  #take(part: number): void {
    if (this.#into !== undefined) checkAttached(this.#into, 'into')
    const parts = this.#parts!
    const [start, length] = parts.at(part)
    const { bytes } = this.#board
    const from =
      this.#place === undefined
        ? runOf(bytes, this.#board.stageOf(this.#from.root) + parts.placeOf(this.#block, part), length)
        : runOf(this.#place, this.#block * parts.blockBytes + start, length)
    copyAll(from, runOf(this.#target!, start, length))
  }
}

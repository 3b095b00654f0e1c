import { type BufferLike, datatypeOf, memoryOf, OBJECT, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copyRun, overlapping } from '../../memory/copy.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import { type Board, COMBINED_BYTES, EXCHANGED_BYTES, type Place } from '../../transport/board.js'
import { shapeOf } from '../algorithms/accumulator.js'
import { NOTHING } from '../definition.js'
import { combineAll } from './combine-all.js'
import { doublingOrder } from './fold-order.js'
import { type Laid, MEET_AGAIN, type Stages } from './posts.js'
import { placesLaid } from './staged-reduction.js'

const HALF_BYTES = EXCHANGED_BYTES / 2
const ALIGNMENT = 64

/** What a rank gives. */
interface Given {
  readonly data: BufferLike
  /** Where it wants the result, if it says. */
  readonly into: BufferLike | undefined
  /** One for each rank, or one for all. */
  readonly blocks: number
}

/** How a rank takes what is for it of what all have laid. */
interface Taking<R> {
  readonly result: R | typeof NOTHING
  /** Takes bytes of each rank's block from byte `at` on. */
  take(blockOf: (rank: number) => Place, at: number, bytes: number): void
}

/** All to all: each rank takes the block that every other has for it. */
export const exchangedOnStages = <T, R>(): Stages<T, R> => ({
  takes: (data) => datatypeOf(data) !== OBJECT,
  lay(value, board, sequence, { into }) {
    const data = value as unknown as BufferLike
    const place = into ?? freshAs(data, data.byteLength)
    const take = inRow(place, board.size, data.byteLength / board.size)
    return new StagedBlocks<R>(board, sequence, { data, into, blocks: board.size }, { result: place as R, take })
  }
})

/**
 * A collection at all, or at the root: each rank that gets it takes what every other has. Where they have given different lengths or kinds,
 * they go by messages.
 */
export const collectedOnStages = <T, R>(gets = true): Stages<T, R> => ({
  takes: (data) => datatypeOf(data) !== OBJECT,
  lay(value, board, sequence, options) {
    const data = value as unknown as BufferLike
    if (!gets) return new StagedBlocks<R>(board, sequence, { data, into: undefined, blocks: 1 }, { result: NOTHING, take: () => undefined })
    const { into } = options
    const all = into ?? Array.from({ length: board.size }, () => freshAs(data, data.byteLength))
    const take = Array.isArray(all) ? apart(all) : inRow(all, board.size, data.byteLength)
    return new StagedBlocks<R>(board, sequence, { data, into, blocks: 1 }, { result: all as R, take })
  }
})

/** A reduction whose result is divided evenly: each rank combines the block for it. An op of the program's own goes by messages. */
export function dividedOnStages(op: AnyOp, least: number): Stages<unknown, unknown> | undefined {
  if (!isPredefined(op)) return undefined
  return {
    takes: (data, _, { counts }) => counts === undefined && isTypedArray(data) && data.byteLength >= least,
    lay(value, board, sequence, { into }) {
      const data = value as TypedArray
      const place = into ?? freshAs(data, data.byteLength / board.size)
      const { buffer, byteOffset } = memoryOf(place)
      const take: Taking<unknown>['take'] = (blockOf, at, byteLength) =>
        combineAll(
          op,
          doublingOrder(board.size),
          datatypeOf(data),
          { buffer, byteOffset: byteOffset + at, byteLength },
          Array.from({ length: board.size }, (_, rank) => blockOf(rank))
        )
      return new StagedBlocks(board, sequence, { data, into, blocks: board.size }, { result: place, take })
    }
  }
}

/**
 * A part of each block at a time, each rank lays what it gives on its stage, unless the others see its memory, and takes what is for it of
 * what all have laid. While it takes one part it lays the next in the other half of its stage.
 *
 * Steps: one a part, whatever the number of ranks, and one more where memory is read in place. Bytes: a rank copies what it gives once, and
 * what it gets once.
 */
class StagedBlocks<R> implements Laid<R> {
  readonly shape: number
  readonly kind: number
  readonly #board: Board
  readonly #sequence: number
  readonly #given: Given
  readonly #memory: Place
  readonly #taking: Taking<R>
  readonly #blockBytes: number
  /** Of a block at a time. */
  readonly #partBytes: number
  readonly #parts: number
  /** The others read what is given where it is, */
  readonly #isInPlace: boolean
  /** and this rank that of others; `undefined` for those that lay it on their stages. */
  #places: readonly (Place | undefined)[] = []

  constructor(board: Board, sequence: number, given: Given, taking: Taking<R>) {
    const { data, into, blocks } = given
    this.kind = datatypeOf(data)
    this.#board = board
    this.#sequence = sequence
    this.#given = given
    this.#memory = memoryOf(data)
    this.#taking = taking
    this.shape = this.#isForAll ? 0 : shapeOf(data)
    this.#blockBytes = data.byteLength / blocks
    this.#partBytes = Math.floor(HALF_BYTES / blocks / ALIGNMENT) * ALIGNMENT
    this.#parts = Math.max(1, Math.ceil(this.#blockBytes / this.#partBytes))
    const still = into === undefined || !overlapping(memoryOf(into), this.#memory)
    this.#isInPlace = board.lay(sequence, this.#memory, still)
    board.stage.half = (board.stage.half + this.#parts) % 2
    this.#lay(0)
  }

  agree(): boolean {
    const { size } = this.#board
    for (let rank = 0; rank < size; rank++) {
      if (this.#board.sizeLaid(rank, this.#sequence) !== this.#memory.byteLength) return false
      if (~this.#board.lengthOf(rank, this.#sequence) !== this.kind) return false
    }
    return true
  }

  check(): void {
    const { data, into } = this.#given
    checkAttached(data, 'data')
    if (into !== undefined) checkAttached(into, 'into')
  }

  step(step: number): R | typeof NOTHING | typeof MEET_AGAIN {
    if (step === 0) this.#places = placesLaid(this.#board, this.#sequence)
    if (step === this.#parts) return this.#taking.result
    const at = step * this.#partBytes
    this.#taking.take((rank) => this.#blockOf(rank, step), at, this.#lengthOf(step))
    if (step + 1 < this.#parts) this.#lay(step + 1)
    else if (!this.#isInPlace && this.#places.every((place) => place === undefined)) return this.#taking.result
    return MEET_AGAIN
  }

  #lay(part: number): void {
    if (this.#isInPlace) return
    const { bytes, rank } = this.#board
    const stage = this.#stageOf(rank, part)
    const start = part * this.#partBytes
    for (let block = 0; block < this.#given.blocks; block++) {
      if (block === rank && !this.#isForAll) continue
      copyRun(this.#memory, block * this.#blockBytes + start, bytes, stage + block * this.#partBytes, this.#lengthOf(part))
    }
  }

  /** Where a rank's block for this one has a part. */
  #blockOf(rank: number, part: number): Place {
    const block = this.#isForAll ? 0 : this.#board.rank
    const byteLength = this.#lengthOf(part)
    const place = rank === this.#board.rank ? this.#memory : this.#places[rank]
    if (place !== undefined) {
      return { buffer: place.buffer, byteOffset: place.byteOffset + block * this.#blockBytes + part * this.#partBytes, byteLength }
    }
    const { buffer, byteOffset } = this.#board.bytes
    return { buffer, byteOffset: byteOffset + this.#stageOf(rank, part) + block * this.#partBytes, byteLength }
  }

  get #isForAll(): boolean {
    return this.#given.blocks === 1
  }

  #stageOf(rank: number, part: number): number {
    const half = (this.#board.halfLaid(rank, this.#sequence) + part) % 2
    return this.#board.stageOf(rank) + COMBINED_BYTES + half * HALF_BYTES
  }

  #lengthOf(part: number): number {
    return Math.min(this.#partBytes, this.#blockBytes - part * this.#partBytes)
  }
}

/** Puts the blocks of all one behind the other. */
function inRow(into: BufferLike, size: number, blockBytes: number): Taking<unknown>['take'] {
  const place = memoryOf(into)
  return (blockOf, at, bytes) => {
    for (let rank = 0; rank < size; rank++) copyRun(blockOf(rank), 0, place, rank * blockBytes + at, bytes)
  }
}

/** Puts each in a place of its own. */
function apart(all: readonly BufferLike[]): Taking<unknown>['take'] {
  const places = all.map(memoryOf)
  return (blockOf, at, bytes) => {
    for (const [rank, place] of places.entries()) copyRun(blockOf(rank), 0, place, at, bytes)
  }
}

const freshAs = (data: BufferLike, bytes: number): BufferLike => valueOn(datatypeOf(data), unfilled(bytes), 0, bytes)

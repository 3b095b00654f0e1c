import { datatypeOf, valueOn } from '../../codec/datatype.js'
import { copyRun } from '../../memory/copy.js'
import { giveScratch, takeScratch, unfilled } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import { type Board, type Place, STAGE_BYTES } from '../../transport/board.js'
import { shapeOf } from '../algorithms/accumulator.js'
import { type Laid, MEET_AGAIN, type Stages } from './posts.js'
import { folded } from './reduced.js'

/** So much of what a rank gives is on its stage at a time; behind that is its share of the result. */
const PART_BYTES = (STAGE_BYTES * 2) / 3
/** What is combined at a time, so that it stays in the cache. */
const BLOCK_BYTES = 2 ** 15

/** A reduction of long arrays to all by the stages of a board. An op of the program's own goes by messages. */
export function reducedOnStages(op: AnyOp): Stages<unknown, unknown> | undefined {
  if (!isPredefined(op)) return undefined
  return {
    takes: isTypedArray,
    lay: (data, board, sequence, { into }) => new StagedReduction(op, board, sequence, data as TypedArray, into as TypedArray | undefined)
  }
}

/**
 * A part at a time, each rank lays what the others need on its stage, unless they see its memory, combines its share of the part, of what
 * all have laid there, and takes the shares of the others. Every element is combined on one rank, in the order of recursive doubling, so
 * that the result is to the last bit the same as by messages.
 *
 * Steps: two a part, whatever the number of ranks. Bytes: a rank copies n (p - 1) / p to its stage and as many from others, and combines n.
 */
class StagedReduction implements Laid<unknown> {
  readonly shape: number
  readonly #op: AnyOp
  readonly #board: Board
  readonly #sequence: number
  /** The others read what is given where it is, */
  readonly #isInPlace: boolean
  /** and this rank that of others; `undefined` for those that lay it on their stages. */
  #places: readonly (Place | undefined)[] = []
  readonly #code: number
  readonly #given: TypedArray
  readonly #place: TypedArray
  /** Elements of a part. */
  readonly #most: number

  constructor(op: AnyOp, board: Board, sequence: number, given: TypedArray, into: TypedArray | undefined) {
    this.shape = shapeOf(given)
    this.#op = op
    this.#board = board
    this.#sequence = sequence
    this.#code = datatypeOf(given)
    this.#given = given
    this.#place = into ?? (valueOn(this.#code, unfilled(given.byteLength), 0, given.byteLength) as TypedArray)
    this.#most = PART_BYTES / given.BYTES_PER_ELEMENT
    this.#isInPlace = board.layInPlace(sequence, given)
    this.#lay(0)
  }

  step(step: number): unknown {
    const part = step >> 1
    if (step === 0) this.#places = placesLaid(this.#board, this.#sequence)
    if (step % 2 === 0) {
      this.#combine(part)
      return MEET_AGAIN
    }
    this.#take(part)
    if ((part + 1) * this.#most >= this.#given.length) return this.#place
    this.#lay(part + 1)
    return MEET_AGAIN
  }

  /** Lays a part of what is given on the stage, but for this rank's own share. */
  #lay(part: number): void {
    if (this.#isInPlace) return
    const { bytes, rank } = this.#board
    const stage = this.#board.stageOf(rank)
    const [first, end] = this.#share(part, rank)
    const [start, last] = this.#range(part)
    const put = (from: number, to: number): void => {
      if (to > from) copyRun(this.#given, this.#bytes(from), bytes, stage + this.#bytes(from - start), this.#bytes(to - from))
    }
    put(start, first)
    put(end, last)
  }

  /** Combines this rank's share of a part. */
  #combine(part: number): void {
    const { rank, size } = this.#board
    const [first, end] = this.#share(part, rank)
    const most = BLOCK_BYTES / this.#given.BYTES_PER_ELEMENT
    for (let at = first; at < end; at += most) {
      const count = Math.min(most, end - at)
      const place = this.#run(this.#place, at, count)
      const temporary: TypedArray[] = []
      let left = size - 1
      folded(
        size,
        (other) => (other === rank ? this.#run(this.#given, at, count) : this.#laid(other, part, at, count)),
        (a, b) => {
          // The last one combines all.
          const out = --left === 0 ? place : temporary.includes(a) ? a : this.#temporary(count, temporary)
          foldArrays(this.#op, out, a, b)
          return out
        }
      )
      for (const { buffer } of temporary) giveScratch(buffer as ArrayBuffer)
    }
    copyRun(this.#place, this.#bytes(first), this.#board.bytes, this.#board.stageOf(rank) + PART_BYTES, this.#bytes(end - first))
  }

  /** Takes the other ranks' shares of a part. */
  #take(part: number): void {
    const { bytes, rank, size } = this.#board
    for (let distance = 1; distance < size; distance++) {
      const other = (rank + distance) % size
      const [first, end] = this.#share(part, other)
      if (end > first) copyRun(bytes, this.#board.stageOf(other) + PART_BYTES, this.#place, this.#bytes(first), this.#bytes(end - first))
    }
  }

  #range(part: number): [start: number, end: number] {
    const start = part * this.#most
    return [start, Math.min(this.#given.length, start + this.#most)]
  }

  /** The elements of a part that a rank combines. */
  #share(part: number, rank: number): [first: number, end: number] {
    const [start, end] = this.#range(part)
    const { size } = this.#board
    return [start + Math.floor(((end - start) * rank) / size), start + Math.floor(((end - start) * (rank + 1)) / size)]
  }

  #bytes(elements: number): number {
    return elements * this.#given.BYTES_PER_ELEMENT
  }

  #run(array: TypedArray, first: number, count: number): TypedArray {
    return valueOn(this.#code, array.buffer as ArrayBuffer, array.byteOffset + this.#bytes(first), this.#bytes(count)) as TypedArray
  }

  /** Elements of a part as a rank has laid them. */
  #laid(rank: number, part: number, first: number, count: number): TypedArray {
    const { bytes } = this.#board
    const { buffer, byteOffset } = this.#places[rank] ?? {
      buffer: bytes.buffer,
      byteOffset: bytes.byteOffset + this.#board.stageOf(rank) - this.#bytes(this.#range(part)[0])
    }
    return valueOn(this.#code, buffer as ArrayBuffer, byteOffset + this.#bytes(first), this.#bytes(count)) as TypedArray
  }

  #temporary(count: number, all: TypedArray[]): TypedArray {
    const made = valueOn(this.#code, takeScratch(BLOCK_BYTES), 0, this.#bytes(count)) as TypedArray
    all.push(made)
    return made
  }
}

/** Where the other ranks have laid what they give, if not on their stages. */
const placesLaid = (board: Board, sequence: number): (Place | undefined)[] =>
  Array.from({ length: board.size }, (_, rank) => (rank === board.rank ? undefined : board.placeLaid(rank, sequence)))

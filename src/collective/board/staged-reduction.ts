import { type BufferLike, datatypeOf, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { copyRun } from '../../memory/copy.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import { type Board, COMBINED_BYTES, type Place } from '../../transport/board.js'
import { shapeOf } from '../algorithms/accumulator.js'
import { NOTHING } from '../definition.js'
import { combineAll } from './combine-all.js'
import type { FoldOrder } from './fold-order.js'
import { type Laid, MEET_AGAIN, type Stages } from './posts.js'

/** So much of what a rank gives is on its stage at a time; behind that is its share of the result. */
const PART_BYTES = (COMBINED_BYTES * 2) / 3

/** A reduction of long arrays, to all or to a root, by the stages of a board. An op of the program's own goes by messages. */
export function reducedOnStages(op: AnyOp, least: number, orderOf: () => FoldOrder, root?: number): Stages<unknown, unknown> | undefined {
  if (!isPredefined(op)) return undefined
  let order: FoldOrder | undefined
  return {
    takes: (data) => isTypedArray(data) && data.byteLength >= least,
    lay(data, board, sequence, { into }) {
      order ??= orderOf()
      return new StagedReduction({ op, order, root }, board, sequence, data as TypedArray, into)
    }
  }
}

interface How {
  readonly op: AnyOp
  readonly order: FoldOrder
  /** Who gets the result; `undefined`: all. */
  readonly root: number | undefined
}

/**
 * A part at a time, each rank lays what the others need on its stage, unless they see its memory, combines its share of the part, of what
 * all have laid there, and takes the shares of the others, if it gets the result. Every element is combined on one rank, in the order in
 * which messages would, so that the result is the same to the last bit.
 *
 * Steps: two a part, whatever the number of ranks. Bytes: a rank copies n (p - 1) / p to its stage and as many from others, and combines n.
 */
class StagedReduction implements Laid<unknown> {
  readonly shape: number
  readonly kind: number
  readonly #how: How
  readonly #board: Board
  readonly #sequence: number
  /** The others read what is given where it is, */
  readonly #isInPlace: boolean
  /** and this rank that of others; `undefined` for those that lay it on their stages. */
  #places: readonly (Place | undefined)[] = []
  readonly #given: TypedArray
  /** Where the result is to be; absent where this rank gets none. */
  readonly #place: TypedArray | undefined
  /** Elements of a part. */
  readonly #most: number

  constructor(how: How, board: Board, sequence: number, given: TypedArray, into: BufferLike | undefined) {
    const { root } = how
    this.shape = shapeOf(given)
    this.kind = datatypeOf(given)
    this.#how = how
    this.#board = board
    this.#sequence = sequence
    this.#given = given
    if (root === undefined || root === board.rank) this.#place = (into as TypedArray | undefined) ?? this.#fresh()
    this.#most = PART_BYTES / given.BYTES_PER_ELEMENT
    this.#isInPlace = board.lay(sequence, given, true)
    this.#lay(0)
  }

  check(): void {
    checkAttached(this.#given, 'data')
    if (this.#place !== undefined) checkAttached(this.#place, 'into')
  }

  step(step: number): unknown {
    const part = step >> 1
    if (step === 0) this.#places = placesLaid(this.#board, this.#sequence)
    if (step % 2 === 0) {
      this.#combine(part)
      return MEET_AGAIN
    }
    this.#take(part)
    if ((part + 1) * this.#most >= this.#given.length) return this.#place ?? NOTHING
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

  /** Combines this rank's share of a part, where it is to be, and for the others on the stage. */
  #combine(part: number): void {
    const { bytes, rank, size } = this.#board
    const [first, end] = this.#share(part, rank)
    if (first === end) return
    const byteLength = this.#bytes(end - first)
    const stage = this.#board.stageOf(rank) + PART_BYTES
    const run = ({ buffer, byteOffset }: Place, start: number): Place => ({ buffer, byteOffset: byteOffset + start, byteLength })
    const given = Array.from({ length: size }, (_, other) =>
      other === rank ? run(this.#given, this.#bytes(first)) : run(...this.#laid(other, part, first))
    )
    const { op, order, root } = this.#how
    const [place, at] = this.#place === undefined ? [bytes, stage] : [this.#place, this.#bytes(first)]
    combineAll(op, order, this.kind, run(place, at), given)
    if (this.#place !== undefined && root === undefined) copyRun(this.#place, at, bytes, stage, byteLength)
  }

  /** Takes the other ranks' shares of a part. */
  #take(part: number): void {
    if (this.#place === undefined) return
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

  /** Where a rank has laid the elements of a part from one on. */
  #laid(rank: number, part: number, first: number): [of: Place, start: number] {
    const place = this.#places[rank]
    if (place !== undefined) return [place, this.#bytes(first)]
    return [this.#board.bytes, this.#board.stageOf(rank) + this.#bytes(first - this.#range(part)[0])]
  }

  #bytes(elements: number): number {
    return elements * this.#given.BYTES_PER_ELEMENT
  }

  #fresh(): TypedArray {
    const { byteLength } = this.#given
    return valueOn(this.kind, unfilled(byteLength), 0, byteLength) as TypedArray
  }
}

/** Where the other ranks have laid what they give, if not on their stages. */
export const placesLaid = (board: Board, sequence: number): (Place | undefined)[] =>
  Array.from({ length: board.size }, (_, rank) => (rank === board.rank ? undefined : board.placeLaid(rank, sequence)))

import { type BufferLike, elementSize, matches, valueOn } from '../../codec/datatype.js'
import { copyAll, type Memory } from '../../memory/copy.js'
import { unfilled } from '../../memory/scratch.js'
import type { Incoming } from '../../progress/incoming.js'
import { fitting } from '../../request/receive-request.js'
import { Misfit, NOTHING } from '../definition.js'
import type { Unit } from '../steps.js'
import { Block, NOBODY } from './block.js'
import { checkApart, checkNoGaps, endOf, type Integers, packed, runOf } from './counts-displs.js'

/** How the runs of all ranks are to become one array. */
export interface Form {
  /** Their kind; `undefined` where this rank gives none. */
  readonly datatype: number | undefined
  /** How many elements come from each rank, where that is known. */
  readonly counts?: Integers | undefined
  readonly displs?: Integers | undefined
  readonly into?: BufferLike | undefined
  /** All that give something must give as much. */
  readonly isEqual?: boolean
}

/** What a rank gives in a round, and then what it gets: a block from every rank, as values or joined to one array. */
export class Collection implements Unit {
  pending = 0
  /** It is on the way of what goes apart. */
  entered = false
  /** Block j is for the rank j places on, or, where all get the same, there is only one. */
  readonly given: readonly Block[]
  /** On its way the same as `given`; in the end block j is from the rank j places on, or j places back. */
  readonly blocks: Block[]
  readonly #rank: number
  readonly #size: number
  readonly #back: boolean
  readonly #form: Form | undefined
  readonly #limit: number
  #joint: Joint | undefined
  #misfit: Misfit | undefined
  #known = false

  constructor(given: readonly Block[], { rank, size }: Place, limit: number, form?: Form, back = false) {
    this.given = given
    this.blocks = [...given]
    this.#rank = rank
    this.#size = size
    this.#limit = limit
    this.#form = form
    this.#back = back
    if (form?.counts !== undefined && form.datatype !== undefined) this.#joint = new Joint(form.datatype, form.counts, form)
  }

  /** It is known what comes from each rank before any of it has come. */
  get foreseen(): boolean {
    return this.#joint !== undefined
  }

  /** The block of a rank, once all are known. */
  from(rank: number): Block {
    const steps = this.#back ? this.#rank - rank : rank - this.#rank
    return this.blocks[(steps + this.#size) % this.#size]!
  }

  /** Whether the block of another rank comes apart. */
  comesApart(rank: number): boolean {
    return this.#known ? this.from(rank).apart : this.#joint!.place(rank).byteLength >= this.#limit
  }

  /** What the message says of itself that brings the block of a rank apart. */
  shapeFrom(rank: number): number {
    return shapeOf(this.#known ? this.from(rank).length : this.#joint!.place(rank).byteLength)
  }

  /** All blocks are here or announced. False when they do not go together. */
  know(): boolean {
    this.#known = true
    const form = this.#form
    if (form === undefined) return true
    let { datatype } = form
    const counts: number[] = []
    let common: number | undefined
    for (let rank = 0; rank < this.#size; rank++) {
      const block = this.from(rank)
      const promised = form.counts?.[rank]
      counts.push(promised ?? 0)
      if (block.datatype === NOBODY) continue
      datatype ??= block.datatype
      if (!matches(block.datatype, datatype)) return false
      counts[rank] = block.length / elementSize(datatype)
      common ??= counts[rank]
      if (form.isEqual && counts[rank] !== common) return false
      if (promised !== undefined && promised !== counts[rank]) return false
    }
    if (this.#joint !== undefined || datatype === undefined) return true
    try {
      this.#joint = new Joint(datatype, counts, form)
    } catch (error) {
      this.#misfit = new Misfit(error as Error)
    }
    return true
  }

  /** Gives the bytes of a rank's block, which comes apart, their place in the result. */
  place(rank: number, message: Incoming): void {
    if (this.#joint === undefined) return
    const place = this.#joint.place(rank)
    if (place.byteLength === message.bytes && matches(message.datatype, this.#joint.datatype)) message.redirect(place)
  }

  /** A rank's block has come apart. */
  land(rank: number, message: Incoming): void {
    if (this.#joint === undefined) this.from(rank).receive(message)
  }

  /** A rank's block that has come apart, to go on. */
  pass(rank: number): Block {
    return this.#joint === undefined ? this.from(rank) : Block.run(this.#joint.datatype, this.#joint.place(rank), this.#limit)
  }

  get result(): unknown {
    if (this.#misfit !== undefined) return this.#misfit
    // Nobody has given anything: a round that was begun when all had ended, and did not know it of each other.
    if (this.blocks.every(({ datatype }) => datatype === NOBODY)) return NOTHING
    if (this.#form === undefined) return Array.from({ length: this.#size }, (_, rank) => this.from(rank).value)
    for (let rank = 0; rank < this.#size; rank++) {
      const block = this.from(rank)
      if (!block.apart || rank === this.#rank) this.#joint!.fill(rank, block)
    }
    return this.#joint!.result
  }
}

interface Place {
  readonly rank: number
  readonly size: number
}

/** What a message says of itself that is a block of so many bytes. */
export const shapeOf = (length: number): number => length % 2 ** 31

/** The runs of all ranks in one array. */
export class Joint {
  readonly datatype: number
  readonly #places: readonly Memory[]
  readonly #buffer: BufferLike | undefined
  readonly #memory: Memory

  constructor(datatype: number, counts: Integers, { displs: given, into }: Form) {
    this.datatype = datatype
    const size = elementSize(datatype)
    const displs = given ?? packed(counts)
    const bytes = endOf(counts, displs) * size
    if (given !== undefined) {
      if (into === undefined) checkNoGaps(counts, given, 'displs')
      checkApart(counts, given, 'displs')
    }
    this.#buffer = into
    this.#memory =
      into === undefined ? { buffer: unfilled(bytes), byteOffset: 0, byteLength: bytes } : fitting(into, datatype, bytes, () => 'all ranks')
    this.#places = Array.from(counts, (count, rank) => runOf(this.#memory, count === 0 ? 0 : displs[rank]! * size, count * size))
  }

  place(rank: number): Memory {
    return this.#places[rank]!
  }

  fill(rank: number, block: Block): void {
    const place = this.place(rank)
    if (place.byteLength === 0) return
    if (block.bytes !== undefined) copyAll(block.bytes, place)
    else new Uint8Array(place.buffer, place.byteOffset, place.byteLength).fill(0)
  }

  get result(): BufferLike {
    return this.#buffer ?? valueOn(this.datatype, this.#memory.buffer as ArrayBuffer, 0, this.#memory.byteLength)
  }
}

import { types } from 'node:util'
import { knownWord } from './stage.js'

/** How a rank lets another have memory, under a number; no memory where that is gone. */
export type Share = (dest: number, id: number, memory: readonly SharedArrayBuffer[]) => void

/** Memory of this rank that it has used before, and its number once it is shown. */
interface Own {
  number: number
}

/**
 * Memory that ranks of a host let each other read where it is. A rank shows its own to all others when it uses it the second time; each
 * says in its line up to which number it knows what every other has shown, and until all do the memory is copied. The others forget it when
 * its rank has it no more.
 */
export class VisibleMemory {
  readonly #rank: number
  readonly #size: number
  readonly #share: Share
  /** The lines of all ranks. */
  readonly #words: Int32Array
  readonly #own = new WeakMap<ArrayBufferLike, Own>()
  #shown = 0
  /** What others have shown, by rank and number. */
  readonly #theirs = new Map<number, Map<number, SharedArrayBuffer>>()
  readonly #collected = new FinalizationRegistry<number>((number) => this.#tell(number, []))

  constructor(rank: number, size: number, words: Int32Array, share: Share) {
    this.#rank = rank
    this.#size = size
    this.#words = words
    this.#share = share
  }

  /** The number by which those ranks know memory of this one; 0 where one of them does not. */
  numberFor(buffer: ArrayBufferLike, members: readonly number[]): number {
    if (!types.isSharedArrayBuffer(buffer)) return 0
    const own = this.#own.get(buffer)
    if (own === undefined) {
      this.#own.set(buffer, { number: 0 })
      return 0
    }
    if (own.number === 0) own.number = this.#show(buffer)
    return members.every((member) => this.#knows(member, own.number)) ? own.number : 0
  }

  /** What another rank has shown, or this one. */
  memoryOf(rank: number, number: number): SharedArrayBuffer {
    return this.#theirs.get(rank)!.get(number)!
  }

  /** Another rank shows memory, or has it no more. */
  shown(source: number, id: number, [memory]: readonly SharedArrayBuffer[]): void {
    const number = numberOf(id)
    let theirs = this.#theirs.get(source)
    if (theirs === undefined) {
      theirs = new Map()
      this.#theirs.set(source, theirs)
    }
    if (memory === undefined) theirs.delete(number)
    else {
      theirs.set(number, memory)
      Atomics.store(this.#words, knownWord(this.#rank, source), number)
    }
  }

  #show(buffer: SharedArrayBuffer): number {
    const number = ++this.#shown
    this.#tell(number, [buffer])
    this.#collected.register(buffer, number)
    return number
  }

  #tell(number: number, memory: readonly SharedArrayBuffer[]): void {
    for (let rank = 0; rank < this.#size; rank++) if (rank !== this.#rank) this.#share(rank, idOf(number), memory)
  }

  #knows(rank: number, number: number): boolean {
    return rank === this.#rank || Atomics.load(this.#words, knownWord(rank, this.#rank)) >= number
  }
}

/** What is shared for a window has a number from 0 on. */
const idOf = (number: number): number => -number
const numberOf = (id: number): number => -id

/** Whether it is memory that a rank shows to all. */
export const isShown = (id: number): boolean => id < 0

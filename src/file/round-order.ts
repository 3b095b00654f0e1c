import type { Ragged } from '../collective/call.js'
import { Queue } from '../memory/queue.js'

/** Values that have a place now, in the order in which they lie in the file. */
export interface Block {
  readonly ranks: number[]
  readonly lengths: number[]
  readonly rounds: number
}

/** How long some values are, behind the number of values after which the stream ends, or GOES_ON. */
export type Told = Float64Array

const GOES_ON = -1

export function told(lengths: readonly number[], end: number | undefined): Told {
  const said = new Float64Array(1 + lengths.length)
  said[0] = end ?? GOES_ON
  said.set(lengths, 1)
  return said
}

/**
 * What each rank has told of its values, and what follows from it: round k are the k-th values of all ranks, and it has a place when all of
 * them are known. Pure, and the same on all ranks, for all hear the same.
 */
export class RoundOrder {
  readonly #ragged: Ragged
  /** By rank: lengths of values without a place. */
  readonly #ahead: readonly Queue<number>[]
  /** By rank: after how many values its stream ends. */
  readonly #ends: (number | undefined)[]
  #rounds = 0
  #over: 'complete' | 'ragged' | undefined

  constructor(size: number, ragged: Ragged) {
    this.#ragged = ragged
    this.#ahead = Array.from({ length: size }, () => new Queue<number>())
    this.#ends = new Array<number | undefined>(size).fill(undefined)
  }

  /** Rounds that have a place. */
  get rounds(): number {
    return this.#rounds
  }

  /** How the stream has ended. */
  get over(): 'complete' | 'ragged' | undefined {
    return this.#over
  }

  /** Of each rank, how many values it has, and whether there are more. */
  get counts(): { count: number; isEnd: boolean }[] {
    return this.#ahead.map(({ length }, rank) => {
      const end = this.#ends[rank]
      return { count: end ?? this.#rounds + length, isEnd: end !== undefined }
    })
  }

  /** All ranks have told something. */
  hear(all: readonly Told[]): Block {
    for (const [rank, one] of all.entries()) {
      if (one[0] !== GOES_ON) this.#ends[rank] ??= one[0]!
      const ahead = this.#ahead[rank]!
      for (let k = 1; k < one.length; k++) ahead.push(one[k]!)
    }
    const block = { ranks: [], lengths: [], rounds: 0 }
    while (this.#next(block)) block.rounds++
    return block
  }

  /** Gives the next round a place, if all of it is known. */
  #next({ ranks, lengths }: Block): boolean {
    const size = this.#ahead.length
    let ended = 0
    let unknown = 0
    for (let rank = 0; rank < size; rank++) {
      if (this.#hasEnded(rank)) ended++
      else if (this.#ahead[rank]!.length === 0) unknown++
    }
    if (ended === size || (ended > 0 && this.#ragged === 'truncate')) this.#over = 'complete'
    else if (ended > 0 && unknown === 0 && this.#ragged === 'error') this.#over = 'ragged'
    if (this.#over !== undefined || unknown > 0) return false
    for (let rank = 0; rank < size; rank++) {
      if (this.#hasEnded(rank)) continue
      ranks.push(rank)
      lengths.push(this.#ahead[rank]!.shift())
    }
    this.#rounds++
    return true
  }

  #hasEnded(rank: number): boolean {
    const end = this.#ends[rank]
    return end !== undefined && end <= this.#rounds
  }
}

import { datatypeOf, valueOn } from '../../codec/datatype.js'
import { unfilled } from '../../memory/scratch.js'
import { isTypedArray, type TypedArray } from '../../op/op.js'
import type { Integers } from './counts-displs.js'

/** How an array is divided among the ranks: into runs of `counts` elements, or of equal length. */
export class Blocks {
  readonly #size: number
  /** Where a rank's run begins, in elements; without counts in runs. */
  readonly #starts: readonly number[]

  constructor(size: number, counts: Integers | undefined) {
    this.#size = size
    const starts = [0]
    for (let rank = 0; rank < size; rank++) starts.push(starts[rank]! + (counts?.[rank] ?? 1))
    this.#starts = starts
  }

  /** How much of the array is those ranks', the end excluded. */
  weight(first: number, end: number): number {
    return this.#starts[end]! - this.#starts[first]!
  }

  /** The run of those ranks. */
  of(array: unknown, first: number, end = first + 1): unknown {
    return cutOf(array, this.#start(array, first), this.#start(array, end))
  }

  /** The runs in another order, on memory of their own. */
  arranged(array: unknown, runs: readonly (readonly [first: number, end: number])[]): unknown {
    if (!isTypedArray(array)) return runs.flatMap(([first, end]) => this.of(array, first, end))
    const result = valueOn(datatypeOf(array), unfilled(array.byteLength)) as TypedArray
    let at = 0
    for (const [first, end] of runs) {
      const run = this.of(array, first, end) as TypedArray
      result.set(run as never, at)
      at += run.length
    }
    return result
  }

  /** Tells divisions apart, where messages say on what they are. */
  mark(shape: number): number {
    let mark = shape
    for (const start of this.#starts) mark = (Math.imul(mark, 31) + start) | 0
    return mark
  }

  #start(array: unknown, rank: number): number {
    const whole = this.#starts[this.#size]!
    return whole === 0 ? 0 : ((array as ArrayLike<unknown>).length / whole) * this.#starts[rank]!
  }
}

/** A run of an array, typed or not. */
export const cutOf = (array: unknown, first: number, end?: number): unknown =>
  isTypedArray(array) ? array.subarray(first, end) : (array as unknown[]).slice(first, end)

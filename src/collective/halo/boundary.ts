import { PROC_NULL } from '../../constants.js'
import { block, eachRun } from '../../memory/form.js'
import type { TypedArray } from '../../op/op.js'
import type { HaloArray } from './arrays.js'
import type { FaceMemory } from './face-memory.js'
import { type Box, type Face, isEmpty } from './geometry.js'
import type { HaloOptions } from './options.js'

/** What becomes of the ghosts at the ends of a grid that is not periodic. */
export class Boundary {
  readonly #how: NonNullable<HaloOptions['boundary']>
  readonly #neighbors: readonly number[]
  readonly #memory: FaceMemory

  constructor(how: NonNullable<HaloOptions['boundary']>, neighbors: readonly number[], memory: FaceMemory) {
    this.#how = how
    this.#neighbors = neighbors
    this.#memory = memory
  }

  /** Fills those of some faces. */
  fill(arrays: readonly HaloArray[], faces: readonly Face[]): void {
    const how = this.#how
    if (how === 'keep') return
    for (const { place, take } of faces) {
      if (this.#neighbors[place] !== PROC_NULL || isEmpty(take)) continue
      for (const array of arrays) {
        if (typeof how === 'number') this.#write(array as TypedArray, take, how)
        else this.#mirror(array, place, how === 'nearest')
      }
    }
  }

  #write(array: TypedArray, box: Box, value: number): void {
    const size = array.BYTES_PER_ELEMENT
    const cellBytes = this.#memory.perCell * size
    const written = (isBig(array) ? BigInt(value) : value) as never
    eachRun(this.#memory.geometry.formOf(box, block(cellBytes), cellBytes), (offset, length) => {
      array.fill(written, offset / size, (offset + length) / size)
    })
  }

  #mirror(array: HaloArray, place: number, isNearest: boolean): void {
    const d = place >> 1
    const isUp = (place & 1) === 1
    const { geometry } = this.#memory
    const [below, size] = [geometry.below[d]!, geometry.sizes[d]!]
    const last = isUp ? below + size - 1 : below
    for (let k = 0; k < (isUp ? geometry.above[d]! : below); k++) {
      const ghost = isUp ? last + 1 + k : last - 1 - k
      const owned = isNearest ? last : isUp ? last - k : last + k
      const [from, to] = [owned, ghost].map((at) => this.#memory.runs(array, geometry.slab(d, at, at + 1)))
      from!.copyTo(to!)
    }
  }
}

const isBig = (array: TypedArray): boolean => array instanceof BigInt64Array || array instanceof BigUint64Array

import { memoryOf } from '../../codec/datatype.js'
import { Records } from '../../layout/records.js'
import { block, type Form } from '../../memory/form.js'
import { Runs } from '../../memory/runs.js'
import type { HaloArray } from './arrays.js'
import type { Box, Geometry } from './geometry.js'

/** Where the faces of an array are. */
export interface Placed {
  readonly give: readonly Runs[]
  readonly take: readonly Runs[]
}

/** Where boxes of cells lie in the memory of arrays; of the faces it is worked out once for each array. */
export class FaceMemory {
  readonly geometry: Geometry
  /** Elements of a cell. */
  readonly perCell: number
  readonly #known = new WeakMap<HaloArray, Placed>()

  constructor(geometry: Geometry, perCell: number) {
    this.geometry = geometry
    this.perCell = perCell
  }

  /** The faces of an array. */
  placed(array: HaloArray): Placed {
    let placed = this.#known.get(array)
    if (placed === undefined) {
      const faces = this.geometry.shape.flatMap((_, d) => this.geometry.faces(d))
      placed = { give: faces.map(({ give }) => this.runs(array, give)), take: faces.map(({ take }) => this.runs(array, take)) }
      this.#known.set(array, placed)
    }
    return placed
  }

  /** The cells of a box. */
  runs(array: HaloArray, box: Box): Runs {
    const { memory, cell, cellBytes } = this.#memoryOf(array)
    return new Runs(memory, this.geometry.formOf(box, cell, cellBytes))
  }

  #memoryOf(array: HaloArray): { memory: Pick<Records, 'buffer' | 'byteOffset' | 'byteLength'>; cell: Form; cellBytes: number } {
    if (array instanceof Records) {
      const { buffer, byteOffset, byteLength, unit } = array
      return { memory: { buffer, byteOffset, byteLength }, cell: unit.form, cellBytes: unit.bytes }
    }
    const cellBytes = this.perCell * array.BYTES_PER_ELEMENT
    return { memory: memoryOf(array), cell: block(cellBytes), cellBytes }
  }
}

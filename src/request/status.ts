import { elementSize, OBJECT, RECORDS } from '../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import type { BasicType } from '../layout/basic.js'
import { here } from '../layout/here.js'
import type { Layout } from '../layout/layout.js'
import { itemBytes } from '../layout/measure.js'
import { recognised } from '../layout/signature.js'

/** What a receive or probe found. MPI: MPI_Status; mpi4py: MPI.Status. */
export class Status {
  /** The rank it came from. */
  source = ANY_SOURCE
  /** The tag it came with; ANY_TAG where nothing came. */
  tag = ANY_TAG
  /** Elements, of records whole records; bytes for buffers without an element type; 1 for an object. */
  count = 0
  /** Its length in bytes as it travelled: of an object, that of its encoding. */
  bytes = 0
  /** Whether the receive was withdrawn before anything had matched it. MPI: MPI_Test_cancelled. */
  cancelled = false

  #datatype = OBJECT
  /** Of records, the hash of their types. */
  #shape = 0

  /** @internal `recordBytes`: of one of the records that it was received into. */
  set(source: number, tag: number, datatype: number, bytes: number, shape = 0, recordBytes = 0): this {
    this.source = source
    this.tag = tag
    this.bytes = bytes
    this.#datatype = datatype
    this.#shape = shape
    this.count = datatype === OBJECT ? 1 : bytes / (recordBytes || this.#elementBytes)
    this.cancelled = false
    return this
  }

  /**
   * Elements of basic types: of records the elements of their fields, `undefined` where this rank has no struct or layout of such records;
   * of other data as `count`. MPI: MPI_Get_elements.
   */
  get elements(): number | undefined {
    if (this.#datatype === OBJECT) return this.count
    if (this.#datatype !== RECORDS) return this.bytes / elementSize(this.#datatype)
    return recognised(this.#shape)?.elementsIn(this.bytes)
  }

  /** How many items of a layout, `undefined` where there is a rest. MPI: MPI_Get_count. Errors: ArgumentError. */
  countOf(layout: Layout | BasicType): number | undefined {
    return here(() => {
      const item = itemBytes(layout, this.#elementBytes)
      if (item === 0) return this.bytes === 0 ? 0 : undefined
      const count = this.bytes / item
      return Number.isInteger(count) ? count : undefined
    })
  }

  /** Of records those of one, as far as this rank knows them. */
  get #elementBytes(): number {
    return this.#datatype === RECORDS ? (recognised(this.#shape)?.rootBytes ?? 1) : elementSize(this.#datatype)
  }

  /** @internal Of an operation with PROC_NULL. */
  setNobody(): this {
    this.set(PROC_NULL, ANY_TAG, 1, 0)
    return this
  }

  /** @internal */
  setCancelled(): this {
    this.source = ANY_SOURCE
    this.tag = ANY_TAG
    this.count = 0
    this.bytes = 0
    this.cancelled = true
    return this
  }
}

export function checkStatus(status: unknown): void {
  if (!(status instanceof Status)) throw new ArgumentError(`status: expected a new Status(), got ${shown(status)}`)
}

import { elementSize } from '../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'

/** What a receive or probe found. MPI: MPI_Status; mpi4py: MPI.Status. */
export class Status {
  /** The rank it came from. */
  source = ANY_SOURCE
  /** The tag it came with; ANY_TAG where nothing came. */
  tag = ANY_TAG
  /** Elements; bytes for buffers without an element type; 1 for an object. */
  count = 0
  /** Its length in bytes as it travelled: of an object, that of its encoding. */
  bytes = 0
  /** Whether the receive was withdrawn before anything had matched it. MPI: MPI_Test_cancelled. */
  cancelled = false

  /** @internal */
  set(source: number, tag: number, datatype: number, bytes: number): this {
    this.source = source
    this.tag = tag
    this.bytes = bytes
    this.count = datatype === 0 ? 1 : bytes / elementSize(datatype)
    this.cancelled = false
    return this
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

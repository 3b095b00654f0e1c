import { shown } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { ArgumentError, CountError } from '../errors.js'
import { sharedBuffer } from '../memory/shared-buffer.js'
import { checkCount } from './check.js'

/** A kind of typed array, such as `Float64Array`. */
export interface ArrayType<A> {
  /** An array of zeros. */
  new (length: number): A
  /** Of an element. */
  readonly BYTES_PER_ELEMENT: number
}

/** The same for memory that there is. */
export interface SharedType<A> extends ArrayType<A> {
  readonly name: string
  new (buffer: ArrayBufferLike, offset?: number, length?: number): A
}

/** Throws unless it is a kind of typed array. */
export function checkType<A>(type: unknown): asserts type is SharedType<A> {
  if (typeof type === 'function' && Number.isInteger((type as Partial<ArrayType<A>>).BYTES_PER_ELEMENT)) return
  throw new ArgumentError(`type: expected a kind of typed array such as Float64Array, got ${shown(type)}`)
}

/** Throws where there is no memory for so many elements. */
export function allocated<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new CountError('length: there is no memory for so many elements; give fewer', { cause })
  }
}

/**
 * An array of zeros on memory that the ranks of a host can see: collectives of long arrays read it where it is, instead of a copy. As any
 * other array it is its rank's own, and others never write to it.
 *
 * Shape: `length` elements of a kind of typed array, on a SharedArrayBuffer. Cost: that of the memory; when a collective uses it the second
 * time, a message to each rank of the host. It goes when the program drops it.
 * Errors: ArgumentError where `type` is no kind of typed array, CountError where `length` is no count or there is no memory for so many.
 * MPI: MPI_Alloc_mem, MPI 4.1 §9.2; mpi4py: MPI.Alloc_mem.
 *
 * @example
 * ```ts
 * import { allocate, COMM_WORLD as comm, SUM } from 'rxmpi'
 *
 * const gradient = allocate(Float64Array, 100_000).fill(comm.rank + 1)
 * const sum = allocate(Float64Array, 100_000)
 * for (let step = 0; step < 3; step++) await comm.allreduce(gradient, SUM, { into: sum })
 * console.log(sum[0], sum.at(-1)) // [0] 3 3 [1] 3 3
 * ```
 */
export function allocate<A>(type: ArrayType<A>, length: number): A {
  try {
    checkType<A>(type)
    checkCount(length, 'length')
    return allocated(() => new type(sharedBuffer(length * type.BYTES_PER_ELEMENT)))
  } catch (error) {
    throw inContext(error as Error, {}, captureCallSite())
  }
}

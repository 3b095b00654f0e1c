import { squareDims } from '../collective/topology/dims.js'
import { shown } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { ArgumentError, CountError } from '../errors.js'

/**
 * A grid for so many ranks, as square as may be: `dims` is how many dimensions there are, or a list in which zeros are free and the others
 * fixed. Those that are free do not increase.
 *
 * Shape: `size` → as many integers as there are dimensions, whose product is `size`.
 * Errors: CountError when the fixed ones do not divide `size`, or leave ranks over; ArgumentError.
 * MPI: MPI_Dims_create, MPI 4.1 §8.5.2; mpi4py: MPI.Compute_dims.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, computeDims } from 'rxmpi'
 *
 * if (comm.rank === 0) {
 *   console.log(computeDims(12, 2), computeDims(12, [0, 3])) // [0] [ 4, 3 ] [ 4, 3 ]
 *   console.log(computeDims(60, [0, 2, 0])) // [0] [ 6, 2, 5 ]
 * }
 * ```
 */
export function computeDims(size: number, dims: number | readonly number[]): number[] {
  try {
    return dimsOf(size, dims)
  } catch (error) {
    throw inContext(error, {}, captureCallSite())
  }
}

/** The same, without the place of the call in its errors. */
export function dimsOf(size: number, dims: number | readonly number[]): number[] {
  if (!Number.isSafeInteger(size) || size < 1) throw new ArgumentError(`size: expected an integer from 1 on, got ${shown(size)}`)
  const given = typeof dims === 'number' && Number.isSafeInteger(dims) && dims >= 0 ? new Array<number>(dims).fill(0) : dims
  if (!Array.isArray(given) || !given.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new ArgumentError(`dims: expected the number of dimensions, or an array of integers from 0 on, got ${shown(dims)}`)
  }
  const fixed = given.reduce((product: number, dim: number) => product * (dim || 1), 1)
  const free = given.filter((dim) => dim === 0).length
  if (size % fixed !== 0) {
    throw new CountError(`dims: the fixed ones have ${fixed} places, which does not divide ${size} ranks; change them, or leave one free`)
  }
  if (free === 0 && fixed !== size) {
    throw new CountError(
      `dims: ${shown(dims)} has ${fixed} place${fixed === 1 ? '' : 's'} for ${size} ranks; leave a dimension free with a 0`
    )
  }
  const found = squareDims(size / fixed, free)
  return given.map((dim) => (dim === 0 ? found.shift()! : dim))
}

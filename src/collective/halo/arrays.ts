import { withArticle } from '../../codec/article.js'
import { datatypeOf, nameOf } from '../../codec/datatype.js'
import { checkAttached, shown } from '../../diagnostics/arguments.js'
import { AliasError, ArgumentError, CountError, DatatypeError } from '../../errors.js'
import { Records } from '../../layout/records.js'
import type { Struct } from '../../layout/struct.js'
import { overlapping } from '../../memory/copy.js'
import { isTypedArray, type TypedArray } from '../../op/op.js'

/** What can be exchanged: a typed array, or of cells that are records, records. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
export type HaloArray = TypedArray | Records<any>

/** Throws where an array is not as a halo makes it: of so many elements, or records of a struct. */
export function checkArrays(arrays: readonly HaloArray[], length: number, struct: Struct | undefined): void {
  for (const array of arrays) {
    const isRight = struct === undefined ? isTypedArray(array) : array instanceof Records && array.struct.extent === struct.extent
    if (!isRight) {
      const expected = struct === undefined ? 'a typed array' : 'records of the struct that cells are'
      throw new DatatypeError(`array: expected ${expected}, got ${shown(array)}`)
    }
    if (!(array instanceof Records)) checkAttached(array, 'array')
    if (array.length !== length) {
      const what = array instanceof Records ? 'records' : nameOf(datatypeOf(array))
      throw new CountError(`array: ${array.length} elements of ${what}, but the halo has ${length}; halo.allocate makes such an array`)
    }
  }
}

/** The same of two arrays of one kind, of which one is read while the other is written. */
export function checkPair(arrays: readonly HaloArray[], length: number, struct: Struct | undefined): void {
  if (!Array.isArray(arrays) || arrays.length !== 2) throw new ArgumentError(`arrays: expected [u, v], got ${shown(arrays)}`)
  checkArrays(arrays, length, struct)
  const [first, second] = arrays as [HaloArray, HaloArray]
  if (first.constructor !== second.constructor) {
    throw new DatatypeError(`arrays[1]: expected ${withArticle(first.constructor.name)} as the first is, got ${shown(second)}`)
  }
  if (overlapping(first, second)) {
    throw new AliasError('arrays[1]: it lies on the memory of the first, which is read while it is written; give memory apart from it')
  }
}

/**
 * Layouts: memory that is not contiguous, and records, wherever a typed array may stand. They are what MPI calls derived datatypes.
 *
 * @module rxmpi/layout
 */

export type { BasicType } from './basic.js'
export { type Distribution, distributed } from './distributed.js'
export { type FieldOps, fieldwise } from './fieldwise.js'
export type {
  Contiguous,
  Distributed,
  FieldLayout,
  Indexed,
  Layout,
  Measures,
  Of,
  Resized,
  StructLayout,
  Subarray,
  Vector
} from './layout.js'
export { contiguous, indexed, resized, vector } from './layout.js'
export { type PackFormat, type PackPart, pack, packedBytes, unpack } from './pack.js'
export type { RecordInit, Records } from './records.js'
export {
  type AnyStruct,
  type Field,
  type FieldArrays,
  type Fields,
  type FieldType,
  type FieldTypes,
  type FieldValue,
  type RecordOf,
  type Struct,
  type StructMethods,
  struct
} from './struct.js'
export { subarray } from './subarray.js'
export { type PackedOf, type View, type Viewed, view } from './view.js'

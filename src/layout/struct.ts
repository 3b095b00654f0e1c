import type { BufferLike } from '../codec/datatype.js'
import { checkOptions, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'
import { boundsOf } from '../memory/form.js'
import { sharedBuffer } from '../memory/shared-buffer.js'
import { type BasicType, basicTypes, isBasicType, isSupported, sizeOf } from './basic.js'
import { checkCount } from './check.js'
import { structForm } from './compile.js'
import { here } from './here.js'
import { type FieldLayout, isLayout, type StructLayout } from './layout.js'
import { declareArrays } from './live-record.js'
import { Records } from './records.js'

/** One field of a record, and where it is. */
export interface Field {
  /** Of its elements: a basic type, or a struct. */
  readonly type: BasicType | StructLayout
  /** Its elements; 1 for a field that is no array. */
  readonly count: number
  /** Where it begins, in bytes from the beginning of the record. */
  readonly offset: number
}

/** The fields of a record by name, in their order. */
export type Fields = Readonly<Record<string, Field>>

/** What a field is told as: a basic type or a struct, or so many of it: `['f64', 3]`. */
export type FieldType = BasicType | StructLayout | readonly [type: BasicType | StructLayout, count: number]

/** What `struct` is told. */
export type FieldTypes = Readonly<Record<string, FieldType>>

/** What fields of several elements are. */
export interface FieldArrays {
  /** Integers of 8 bits. */
  i8: Int8Array
  /** Unsigned ones. */
  u8: Uint8Array
  /** The same, clamped. */
  u8c: Uint8ClampedArray
  /** Integers of 16 bits. */
  i16: Int16Array
  /** Unsigned ones. */
  u16: Uint16Array
  /** Integers of 32 bits. */
  i32: Int32Array
  /** Unsigned ones. */
  u32: Uint32Array
  /** Floats of 16 bits; in fact a `Float16Array`. */
  f16: Float32Array
  /** Floats of 32 bits. */
  f32: Float32Array
  /** Floats of 64 bits. */
  f64: Float64Array
  /** Integers of 64 bits. */
  i64: BigInt64Array
  /** Unsigned ones. */
  u64: BigUint64Array
}

/** What a field of a record is: a number, a bigint of 64-bit integers, a record; of several a typed array, or an array of records. */
export type FieldValue<T> = T extends 'i64' | 'u64'
  ? bigint
  : T extends BasicType
    ? number
    : T extends Struct<infer F>
      ? RecordOf<F>
      : T extends readonly [infer B, number]
        ? B extends BasicType
          ? FieldArrays[B]
          : readonly FieldValue<B>[]
        : never

/** A record of a struct. */
export type RecordOf<F extends FieldTypes> = { -readonly [K in keyof F]: FieldValue<F[K]> }

/** What a struct can do. */
export interface StructMethods<F extends FieldTypes> {
  /** So many records of zeros; `shared`: on memory that threads can share. */
  allocate(length: number, options?: { shared?: boolean }): Records<F>
  /**
   * The records that some memory is, from byte `byteOffset` on; by default as many as it holds. Errors: CountError where it is too short;
   * ArgumentError.
   */
  on(memory: BufferLike | SharedArrayBuffer, byteOffset?: number, length?: number): Records<F>
  /** One field, as a layout over records: `view(particles, Particle.field('mass'), { count: particles.length })`. Errors: ArgumentError. */
  field(name: keyof F & string): FieldLayout
  /** Makes records of packed ones, which is what arrives where no `into` is given. Errors: CountError where there is a rest. */
  unpacked(bytes: BufferLike): Records<F>
}

/** A record's fields as a layout, and what makes records of it. */
export type Struct<F extends FieldTypes = FieldTypes> = Omit<StructLayout, 'fields'> & {
  readonly fields: { readonly [K in keyof F]: Field }
} & StructMethods<F>

/** A struct of whatever fields. */
// biome-ignore lint/suspicious/noExplicitAny: of whatever fields
export type AnyStruct = Struct<any>

/**
 * The fields of a record, each aligned as C does it; `packed`: one behind the other. Over memory of bytes it is a layout.
 *
 * Shape: `{ name: type }` or `{ name: [type, count] }` → a struct. Units: bytes, of its size and offsets.
 * Errors: ArgumentError for what is no type; CountError; DatatypeError for `f16` where Node has no `Float16Array`.
 * MPI: MPI_Type_create_struct, MPI 4.1 §5.1.2; mpi4py: Datatype.Create_struct.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { struct } from 'rxmpi/layout'
 *
 * const Particle = struct({ id: 'u32', mass: 'f64', at: ['f64', 3], kind: 'u8' })
 * const particles = Particle.allocate(2)
 * if (comm.rank === 0) {
 *   particles.set(1, { id: 7, at: [1, 2, 3] })
 *   await comm.send(particles, { dest: 1 }) // 37 bytes of each: padding does not travel
 * }
 * if (comm.rank === 1) {
 *   await comm.recv({ source: 0, into: particles })
 *   const { id, at } = particles.get(1)
 *   console.log(id, at.join()) // [1] 7 1,2,3
 * }
 * ```
 */
export function struct<const F extends FieldTypes>(fields: F, options: { packed?: boolean } = {}): Struct<F> {
  return here(() => {
    checkOptions(options, PACKED, '{ packed: true }')
    const { packed = false } = options
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw new ArgumentError(`fields: expected an object such as { id: 'u32', at: ['f64', 3] }, got ${shown(fields)}`)
    }
    if (typeof packed !== 'boolean') throw new ArgumentError(`packed: expected true or false, got ${shown(packed)}`)
    const struct = made(placed(fields, packed))
    declareArrays(struct as unknown as StructLayout, new Set(Object.keys(fields).filter((name) => Array.isArray(fields[name]))))
    return struct as unknown as Struct<F>
  })
}

const PACKED: OptionNames<{ packed?: boolean }> = { packed: true }
/** @internal */
export const SHARED: OptionNames<{ shared?: boolean }> = { shared: true }

/** Where each field goes. */
function placed(types: FieldTypes, packed: boolean): StructLayout {
  const fields: Record<string, Field> = {}
  let end = 0
  let alignment = 1
  for (const [name, told] of Object.entries(types)) {
    const [type, count] = partsOf(told, `fields.${name}`)
    const step = packed ? 1 : alignmentOf(type)
    const offset = Math.ceil(end / step) * step
    alignment = Math.max(alignment, step)
    end = offset + count * extentOf(type)
    Object.defineProperty(fields, name, { value: Object.freeze({ type, count, offset }), enumerable: true })
  }
  const extent = Math.ceil(end / alignment) * alignment
  const bare = { kind: 'struct', fields: Object.freeze(fields), packed } as StructLayout
  const { form, signature } = structForm(bare)
  const [start, stop] = boundsOf(form)
  return { ...bare, alignment, size: signature.bytes, extent, lower: 0, trueExtent: stop - start, trueLower: start }
}

const extentOf = (type: BasicType | StructLayout): number => (typeof type === 'string' ? sizeOf(type) : type.extent)
const alignmentOf = (type: BasicType | StructLayout): number => (typeof type === 'string' ? sizeOf(type) : type.alignment)

function partsOf(told: unknown, name: string): readonly [BasicType | StructLayout, number] {
  const [type, count] = Array.isArray(told) ? told : [told, 1]
  if (Array.isArray(told) && told.length !== 2) throw new ArgumentError(`${name}: expected [type, count], got ${shown(told)}`)
  checkCount(count, `${name}[1]`)
  if (isLayout(type) && type.kind === 'struct') return [type, count]
  if (!isBasicType(type)) {
    throw new ArgumentError(`${name}: ${shown(type)} is no type of a field; expected a struct or one of ${basicTypes.join(', ')}`)
  }
  if (!isSupported(type)) throw new DatatypeError(`${name}: 'f16' needs Float16Array, which this version of Node has not`)
  return [type, count]
}

/** The layout with what it can do, which is not among what is printed, compared and sent. */
function made(layout: StructLayout): Struct {
  const methods: StructMethods<FieldTypes> = {
    allocate: (length, options = {}) =>
      here(() => {
        checkOptions(options, SHARED, '{ shared: true }')
        const { shared = false } = options
        checkCount(length, 'length')
        const bytes = length * layout.extent
        return new Records(struct, new Uint8Array(shared ? sharedBuffer(bytes) : new ArrayBuffer(bytes)), length)
      }),
    on: (memory, byteOffset = 0, length = undefined) => here(() => recordsOn(struct, memory, byteOffset, length)),
    field: (name) => here(() => fieldOf(struct, name)),
    unpacked: (bytes) => here(() => unpackedOf(struct, bytes))
  }
  const struct = { ...layout } as unknown as Struct
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(struct, name, { value })
  return Object.freeze(struct)
}

function recordsOn(
  struct: Struct,
  memory: BufferLike | SharedArrayBuffer,
  byteOffset: number,
  length: number | undefined
): Records<FieldTypes> {
  const { buffer, byteOffset: start, byteLength } = bytesFrom(memory, 'memory')
  checkCount(byteOffset, 'byteOffset')
  const fitting = struct.extent === 0 ? 0 : Math.max(0, Math.floor((byteLength - byteOffset) / struct.extent))
  const count = length ?? fitting
  checkCount(count, 'length')
  const end = byteOffset + count * struct.extent
  if (end > byteLength) {
    throw new CountError(
      `memory: ${count} records of ${struct.extent} bytes from byte ${byteOffset} on end at byte ${end}, the memory has only ${byteLength}; give more, or a smaller length`
    )
  }
  return new Records(struct, new Uint8Array(buffer, start + byteOffset, count * struct.extent), count)
}

function fieldOf(struct: Struct, name: string): FieldLayout {
  const { fields, extent: record } = struct
  if (!Object.hasOwn(fields, name)) {
    throw new ArgumentError(`name: ${shown(name)} is no field; expected one of ${Object.keys(fields).join(', ')}`)
  }
  const { type, count, offset } = fields[name]!
  return Object.freeze({ kind: 'field', name, type, count, offset, record, size: count, extent: 1, lower: 0, trueExtent: 1, trueLower: 0 })
}

function unpackedOf(struct: Struct, packed: BufferLike): Records<FieldTypes> {
  const { buffer, byteOffset, byteLength } = bytesFrom(packed, 'bytes')
  const length = struct.size === 0 ? 0 : byteLength / struct.size
  if (!Number.isInteger(length)) {
    throw new CountError(`bytes: ${byteLength} bytes are no whole number of records of ${struct.size} packed bytes`)
  }
  const records = struct.allocate(length)
  records.picked.runs.scatter(0, byteLength, { buffer, byteOffset, byteLength }, 0)
  return records
}

function bytesFrom(memory: BufferLike | SharedArrayBuffer, name: string): Uint8Array {
  if (!ArrayBuffer.isView(memory) && !isBuffer(memory)) {
    throw new ArgumentError(`${name}: expected a typed array, DataView, Buffer or ArrayBuffer, got ${shown(memory)}`)
  }
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(memory)
    ? memory
    : { buffer: memory, byteOffset: 0, byteLength: memory.byteLength }
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const isBuffer = (memory: unknown): boolean => /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(memory))

import { types } from 'node:util'
import { LARGEST_UINT8ARRAY, type Memory } from '../memory/copy.js'
import { getterOf } from './builtin.js'

/** The kinds of data: 0 is an object in CBOR, the others are buffers that travel as their raw bytes. */

export type BufferLike = ArrayBufferView | ArrayBuffer

interface Datatype {
  readonly name: string
  /** Bytes of an element; 1 where the buffer has no element type. */
  readonly size: number
  /** A view of its own kind on a whole buffer. */
  readonly on: (buffer: ArrayBuffer, offset: number, bytes: number) => BufferLike
}

type ViewConstructor = { new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView; readonly BYTES_PER_ELEMENT: number }

const typed = (name: string, type: ViewConstructor): Datatype => {
  const size = type.BYTES_PER_ELEMENT
  return { name, size, on: (buffer, offset, bytes) => new type(buffer, offset, bytes / size) }
}

export const OBJECT = 0
export const BUFFER = 13
const ARRAY_BUFFER = 14
const DATA_VIEW = 15
export const NUMBER = 16
/** Records, packed: the header's `shape` says of which types. */
export const RECORDS = 17
export const UINT8 = 2

/** The index is the code on the wire. */
const datatypes: (Datatype | undefined)[] = [
  { name: 'object', size: 1, on: (buffer) => buffer },
  typed('Int8Array', Int8Array),
  typed('Uint8Array', Uint8Array),
  typed('Uint8ClampedArray', Uint8ClampedArray),
  typed('Int16Array', Int16Array),
  typed('Uint16Array', Uint16Array),
  typed('Int32Array', Int32Array),
  typed('Uint32Array', Uint32Array),
  typed('Float32Array', Float32Array),
  typed('Float64Array', Float64Array),
  typed('BigInt64Array', BigInt64Array),
  typed('BigUint64Array', BigUint64Array),
  'Float16Array' in globalThis ? typed('Float16Array', Reflect.get(globalThis, 'Float16Array') as ViewConstructor) : undefined,
  { name: 'Buffer', size: 1, on: (buffer, offset, bytes) => Buffer.from(buffer, offset, bytes) },
  {
    name: 'ArrayBuffer',
    size: 1,
    on: (buffer, offset, bytes) => (bytes === buffer.byteLength ? buffer : buffer.slice(offset, offset + bytes))
  },
  { name: 'DataView', size: 1, on: (buffer, offset, bytes) => new DataView(buffer, offset, bytes) },
  // One number, as collectives send it; `Incoming` reads it.
  { name: 'number', size: 8, on: (buffer) => buffer },
  { name: 'records', size: 1, on: (buffer, offset, bytes) => new Uint8Array(buffer, offset, bytes) }
]

const codes = new Map(datatypes.flatMap((datatype, code) => (datatype === undefined ? [] : [[datatype.name, code] as const])))

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
const ofTypedArray = {
  kind: getterOf<string | undefined>(typedArray, Symbol.toStringTag),
  buffer: getterOf<ArrayBuffer>(typedArray, 'buffer'),
  offset: getterOf<number>(typedArray, 'byteOffset'),
  bytes: getterOf<number>(typedArray, 'byteLength'),
  at: typedArray.at
}
const ofDataView = {
  buffer: getterOf<ArrayBuffer>(DataView.prototype, 'buffer'),
  offset: getterOf<number>(DataView.prototype, 'byteOffset'),
  bytes: getterOf<number>(DataView.prototype, 'byteLength')
}

/** What the engine says and not a name: anything may call itself an ArrayBuffer, and one of another realm is no instance of this one's. */
export function datatypeOf(data: unknown): number {
  if (typeof data !== 'object' || data === null) return OBJECT
  if (ArrayBuffer.isView(data)) {
    const kind = ofTypedArray.kind.call(data)
    if (kind === undefined) return DATA_VIEW
    const code = codes.get(kind)!
    if (code === UINT8) return Buffer.isBuffer(data) ? BUFFER : UINT8
    return code
  }
  return isArrayBuffer(data) ? ARRAY_BUFFER : OBJECT
}

export function isArrayBuffer(data: object): data is ArrayBuffer {
  // Asking the engine takes longer than all the rest: plain objects need not wait for it.
  const prototype = Object.getPrototypeOf(data)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return false
  return types.isAnyArrayBuffer(data)
}

/** The code of a kind of buffer, by its name: 'Float64Array'. */
export const codeOf = (name: string): number | undefined => codes.get(name)

export const nameOf = (code: number): string => datatypes[code]?.name ?? `datatype ${code}`

export const elementSize = (code: number): number => datatypes[code]?.size ?? 1

/** Values without memory of their own. */
export const isScalar = (code: number): boolean => code === OBJECT || code === NUMBER

export const isKnown = (code: number): boolean => datatypes[code] !== undefined

/** Kinds without an element type hold bytes, and bytes match bytes. */
const holdsBytes = (code: number): boolean => code === UINT8 || (code >= BUFFER && code <= DATA_VIEW)

export const matches = (a: number, b: number): boolean => a === b || (a !== OBJECT && b !== OBJECT && holdsBytes(a) && holdsBytes(b))

/** The value of that kind which the whole or a run of `buffer` is, without copying. */
export const valueOn = (code: number, buffer: ArrayBuffer, offset = 0, bytes = buffer.byteLength): BufferLike =>
  datatypes[code]!.on(buffer, offset, bytes)

/** The bytes of a buffer, without copying; throws a TypeError where it is detached. */
export function memoryOf(data: BufferLike): Memory {
  if (data.byteLength < LARGEST_UINT8ARRAY) return bytesOf(data)
  return ArrayBuffer.isView(data) ? data : { buffer: data, byteOffset: 0, byteLength: data.byteLength }
}

/**
 * The same for buffers of less than 4 GiB. A class of the program's may say anything of its own: others get a view that does not.
 * Of a detached buffer a view says that it is empty; `lossOf` tells.
 */
export function bytesOf(data: BufferLike): Uint8Array {
  const prototype = Object.getPrototypeOf(data)
  if ((prototype === Uint8Array.prototype || prototype === Buffer.prototype) && data.byteLength > 0) return data as Uint8Array
  return viewOf(data)
}

/** A new view, by what the engine says. */
export function viewOf(data: BufferLike): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data)
  const { buffer, offset, bytes } = ofTypedArray.kind.call(data) === undefined ? ofDataView : ofTypedArray
  return new Uint8Array(buffer.call(data), offset.call(data), bytes.call(data))
}

/** What has happened to the memory of a buffer or view that has none any more. What is empty is well. */
export function lossOf(data: BufferLike): 'detached' | 'out of bounds' | undefined {
  const isView = ArrayBuffer.isView(data)
  const isTyped = isView && ofTypedArray.kind.call(data) !== undefined
  try {
    // A typed array that has lost its memory says that it is empty, but refuses to look for an element.
    if (isTyped) ofTypedArray.at.call(data as Uint8Array, 0)
    else if (isView) ofDataView.bytes.call(data)
    else new Uint8Array(data)
    return undefined
  } catch {
    if (!isView) return 'detached'
  }
  return lossOf((isTyped ? ofTypedArray : ofDataView).buffer.call(data)) ?? 'out of bounds'
}

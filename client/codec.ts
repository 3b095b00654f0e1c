import { Decoder } from 'cbor-x'
import { elementSize, isKnown, NUMBER, OBJECT, valueOn } from '../src/codec/datatype.js'
import { TABLE_TAG, TAG_BYTES } from '../src/codec/kinds.js'
import { restore } from '../src/codec/restore.js'
import { isTree } from '../src/codec/scan.js'
import { DataCloneError, ProtocolError } from '../src/errors.js'
import { MAX_VIEWER_VALUE, type Payload } from '../src/viewers/wire.js'
import { encodePlain } from './encode-plain.js'

/** As ranks read them. */
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false })

/** A value that a rank has sent; a typed array is a view on the bytes, which nobody else has. */
export function decode({ code, bytes }: Payload): unknown {
  if (code === OBJECT) return decodeObject(bytes)
  if (!isKnown(code) || code >= NUMBER || bytes.length % elementSize(code) !== 0) {
    throw new ProtocolError(`a value of the unknown kind ${code} came: the job has another version of rxmpi`)
  }
  return valueOn(code, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
}

function decodeObject(bytes: Uint8Array): unknown {
  const isTable = bytes[0] === 0xd9 && bytes[1] === TABLE_TAG >> 8 && bytes[2] === (TABLE_TAG & 0xff)
  const tree = isTable ? bytes.subarray(TAG_BYTES) : bytes
  if (!isTree(tree, tree.length)) throw new ProtocolError('a value that is no CBOR of rxmpi came: the job has another version of it')
  const read: unknown = decoder.decode(tree)
  return isTable ? restore(read) : read
}

/** Plain data or one typed array, in memory of its own: the program may change what it has sent. */
export function encode(value: unknown): Payload {
  const code = codeOfBuffer(value)
  const bytes = code === undefined ? encodePlain(value) : bytesOf(value as ArrayBufferView | ArrayBuffer).slice()
  if (bytes.length > MAX_VIEWER_VALUE) {
    throw new DataCloneError(`data: a value of ${bytes.length} bytes; a viewer may send at most ${MAX_VIEWER_VALUE}`)
  }
  return { code: code ?? OBJECT, bytes }
}

/** By name, so that a typed array of another realm is one. */
const CODES: Readonly<Record<string, number>> = {
  Int8Array: 1,
  Uint8Array: 2,
  Uint8ClampedArray: 3,
  Int16Array: 4,
  Uint16Array: 5,
  Int32Array: 6,
  Uint32Array: 7,
  Float32Array: 8,
  Float64Array: 9,
  BigInt64Array: 10,
  BigUint64Array: 11,
  Float16Array: 12,
  ArrayBuffer: 14,
  DataView: 15
}

function codeOfBuffer(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const name = Object.prototype.toString.call(value).slice(8, -1)
  return ArrayBuffer.isView(value) || name === 'ArrayBuffer' ? CODES[name] : undefined
}

const bytesOf = (value: ArrayBufferView | ArrayBuffer): Uint8Array =>
  ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)

import { types } from 'node:util'
import { Tag } from 'cbor-x'
import { DataCloneError, ProtocolError } from '../errors.js'
import { duplicate } from '../memory/copy.js'
import { read, write } from './cbor.js'
import { MAX_LENGTH, TABLE_TAG, TAG_BYTES } from './kinds.js'
import { isFaithful, isInteger64, isPlainKey } from './primitive.js'
import { observableSymbol, refusalOf } from './refusal.js'
import { restore } from './restore.js'
import { isTree } from './scan.js'
import { Table } from './table.js'

/** What a look at a primitive says about how it can be written. */
type Look = typeof COMPACT | typeof DOUBLES | typeof LISTED
/** As it is. */
const COMPACT = 0
/** With all numbers as doubles, for there is a -0. */
const DOUBLES = 1
/** Not before `Table` has seen to it. */
const LISTED = 2

/**
 * The bytes of any value but a buffer, as kinds.ts describes them. They are in memory that all calls share: copy them before anything else
 * can run. `readers`: how many ranks will have it; 0 where it is only looked at.
 *
 * Errors: DataCloneError names the path of what cannot be sent. What a getter throws is thrown.
 */
export function encodeObject(value: unknown, readers = 1): Uint8Array {
  if (typeof value !== 'object' || value === null) {
    const look = lookAt(value)
    if (look !== LISTED) return write(value, look === DOUBLES)
    if (typeof value === 'bigint' || typeof value === 'string') return writeTable(new Table(value, readers))
    throw new DataCloneError(`data: ${refusalOf(value)}`)
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    // What a getter says is read once and nothing of the user's runs after that.
    const copy: Record<string, unknown> = { ...value }
    const look = observableSymbol() === undefined ? lookInto(copy) : LISTED
    return look === LISTED ? writeTable(new Table(value, readers, copy)) : write(copy, look === DOUBLES)
  }
  const elements = Array.isArray(value) ? elementsOf(value) : undefined
  if (elements !== undefined) {
    const look = lookThrough(elements)
    return look === LISTED ? writeTable(new Table(value, readers, elements)) : write(elements, look === DOUBLES)
  }
  return writeTable(new Table(value, readers))
}

const { toSpliced } = Array.prototype as unknown as { toSpliced(start: number, count: number): unknown[] }
/** Up to here a loop is quicker than a call of the engine's. */
const SHORT = 32
/** An array with at least so many elements may be a sparse one, and is tried in so many places. */
const LONG = 1024
const TRIALS = 64

/** A copy of an array that is not sparse: its getters are asked once, and whether it is another class's or a proxy no longer matters. */
function elementsOf(array: readonly unknown[]): unknown[] | undefined {
  const { length } = array
  if (length <= SHORT) {
    const copy: unknown[] = []
    for (let i = 0; i < length; i++) copy[i] = array[i]
    return copy
  }
  if (length > MAX_LENGTH) return undefined
  if (length >= LONG) for (let k = 0; k < TRIALS; k++) if (!(Math.floor((length / TRIALS) * k) in array)) return undefined
  // Unlike `slice`, it makes an Array and nothing else.
  return toSpliced.call(array, 0, 0)
}

function lookAt(value: unknown): Look {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? DOUBLES : COMPACT
    case 'string':
      return isFaithful(value) ? COMPACT : LISTED
    case 'undefined':
    case 'boolean':
      return COMPACT
    case 'bigint':
      return isInteger64(value) ? COMPACT : LISTED
  }
  return value === null ? COMPACT : LISTED
}

function lookInto(record: Record<string, unknown>): Look {
  let look: Look = COMPACT
  for (const key in record) {
    if (!isPlainKey(key)) return LISTED
    const found = lookAt(record[key])
    if (found === LISTED) return LISTED
    if (found === DOUBLES) look = DOUBLES
  }
  return look
}

function lookThrough(array: readonly unknown[]): Look {
  let look: Look = COMPACT
  for (let i = 0; i < array.length; i++) {
    const value = array[i]
    if (typeof value === 'number') {
      if (value === 0 && 1 / value < 0) look = DOUBLES
    } else if (lookAt(value) === LISTED) return LISTED
  }
  return look
}

const writeTable = (table: Table): Uint8Array =>
  write(table.isTree ? table.nodes[0]!.copy : new Tag(table.rows(), TABLE_TAG), table.hasNegativeZero)

/** Messages up to here are copied to a place that cbor-x knows: making it known costs more than decoding a small object. */
const scratch = new Uint8Array(4096)
const SMALL = 64

/**
 * The value that `length` bytes from `at` on are. It shares no memory with them.
 *
 * Errors: ProtocolError when they are no message of `encodeObject`.
 */
export function decodeObject(bytes: Uint8Array, at = 0, length = bytes.length - at): unknown {
  const isTable = bytes[at] === 0xd9 && length > TAG_BYTES
  let start = at
  let size = length
  if (isTable) {
    if (bytes[at + 1] !== TABLE_TAG >> 8 || bytes[at + 2] !== (TABLE_TAG & 0xff))
      throw new ProtocolError('malformed object message: an unknown tag')
    start += TAG_BYTES
    size -= TAG_BYTES
  }
  let source: Uint8Array = scratch
  if (size <= SMALL) for (let i = 0; i < size; i++) scratch[i] = bytes[start + i]!
  else if (size <= scratch.length) scratch.set(bytes.subarray(start, start + size))
  else source = unshared(bytes.subarray(start, start + size))
  if (!isTree(source, size)) throw new ProtocolError('malformed object message: no CBOR that rxmpi writes')
  try {
    const tree = read(source, size)
    return isTable ? restore(tree) : tree
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('malformed object message', { cause })
  }
}

/** Text decoders refuse shared memory, and what others can write to may change after it was looked through. */
const unshared = (bytes: Uint8Array): Uint8Array => (types.isSharedArrayBuffer(bytes.buffer) ? (duplicate(bytes) as Uint8Array) : bytes)

import { read } from '../codec/cbor.js'
import {
  BUFFER,
  type BufferLike,
  datatypeOf,
  elementSize,
  isKnown,
  lossOf,
  NUMBER,
  OBJECT,
  UINT8,
  valueOn,
  viewOf
} from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { NO_RANKS } from '../codec/reference.js'
import { isTree } from '../codec/scan.js'
import { DataCloneError, ProtocolError } from '../errors.js'
import type { Payload } from './wire.js'

/** A value as viewers get it, in memory of its own: the program may change what it has published. */
export function encodeValue(value: unknown): Payload {
  const code = datatypeOf(value)
  if (code === OBJECT) return { code, bytes: encodeObject(value, NO_RANKS).slice() }
  if (lossOf(value as BufferLike) !== undefined) throw new DataCloneError('data: a detached buffer cannot be published')
  // Other runtimes have no Buffer.
  return { code: code === BUFFER ? UINT8 : code, bytes: new Uint8Array(viewOf(value as BufferLike)) }
}

/**
 * The value that a viewer has sent, whom nobody trusts: plain data or one buffer, and none of what the codec of ranks restores beside
 * them. It shares no memory with the bytes.
 */
export function decodePlain({ code, bytes }: Payload): unknown {
  if (code !== OBJECT) {
    if (!isKnown(code) || code >= NUMBER || code === BUFFER) throw new ProtocolError(`a value of the unknown kind ${code}`)
    if (bytes.length % elementSize(code) !== 0) throw new ProtocolError('an array that is cut off')
    return valueOn(code, bytes.slice().buffer)
  }
  const own = bytes.slice()
  if (!isTree(own, own.length)) throw new ProtocolError('a value that is no plain data in CBOR')
  try {
    return read(own, own.length)
  } catch (cause) {
    throw new ProtocolError('a value that is no plain data in CBOR', { cause })
  }
}

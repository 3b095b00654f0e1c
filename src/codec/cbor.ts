import { Decoder, Encoder } from 'cbor-x'
import { DataCloneError } from '../errors.js'

/** What cbor-x has beyond its declarations. */
interface ArenaEncoder {
  encode(value: unknown, options: number): Arena
  useBuffer(buffer: Uint8Array): void
}
interface BoundedDecoder {
  decode(source: Uint8Array, end: number): unknown
}
/** The memory that it has written to, from `start` to `end`. */
type Arena = Uint8Array & { readonly start: number; readonly end: number }

/** Return the arena itself, and write the next value to the same place (REUSE_BUFFER_MODE, RESET_BUFFER_MODE). */
const IN_PLACE = 512 | 1024

// Without records: their tables, once lost or diverged, decode wrong without an error.
const options = { useRecords: false, mapsAsObjects: true, tagUint8Array: false }
const compact = new Encoder(options) as unknown as ArenaEncoder
/** The only way to have cbor-x write -0. */
const doubles = new Encoder({ ...options, alwaysUseFloat: true }) as unknown as ArenaEncoder
const decoder = new Decoder(options) as unknown as BoundedDecoder

const ARENA_BYTES = 1 << 16
/** Larger arenas, grown for one message, are given up at the next. */
const KEPT_BYTES = 1 << 24

compact.useBuffer(Buffer.allocUnsafeSlow(ARENA_BYTES))

/** Views on the arena by their length: making one costs as much as encoding a small object. */
const views: Uint8Array[] = []
const VIEWS = 256
let viewed: Uint8Array | undefined
let viewedFrom = 0
let oversized = false

/**
 * Encodes a tree, of copies of our own: nothing of the program's runs here, for it may send something, to the same place. The bytes are
 * valid until cbor-x is next used, by whomever.
 */
export function write(tree: unknown, asDoubles: boolean): Uint8Array {
  if (oversized) {
    oversized = false
    compact.useBuffer(Buffer.allocUnsafeSlow(ARENA_BYTES))
  }
  const arena = encode(tree, asDoubles)
  const start = arena.start
  const length = arena.end - start
  if (arena !== viewed || start !== viewedFrom) {
    views.length = 0
    oversized = arena.length > KEPT_BYTES
    viewed = oversized ? undefined : arena
    viewedFrom = start
  }
  if (length >= VIEWS) return new Uint8Array(arena.buffer, start, length)
  const known = views[length]
  if (known !== undefined) return known
  const view = new Uint8Array(arena.buffer, start, length)
  views[length] = view
  return view
}

function encode(tree: unknown, asDoubles: boolean): Arena {
  try {
    return asDoubles ? doubles.encode(tree, IN_PLACE) : compact.encode(tree, IN_PLACE)
  } catch (cause) {
    // The program has called itself too often, and happens to have been here.
    if (cause instanceof RangeError && /call stack/.test(cause.message)) throw cause
    throw new DataCloneError('data: too large for one object message (4 GiB); send large buffers by themselves, or parts', { cause })
  }
}

/** Decodes the tree that the first `length` of `bytes`, which `isTree` has seen, are. Byte strings are views on `bytes`. */
export const read = (bytes: Uint8Array, length: number): unknown => decoder.decode(bytes, length)

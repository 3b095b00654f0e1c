/**
 * What an object message looks like; every message is one valid CBOR item.
 *
 * A tree: primitives, plain objects and arrays, as cbor-x writes them, without any tag. Nested at most `MAX_NESTING` deep.
 *
 * A table, for all that a tree cannot say: tag 19792 ('MP') on an array `[kinds, node 1, node 2, …]`. `kinds` is an array of the kinds of
 * all nodes; node 1 is the value that was sent. No node holds another: where one belongs there is its number in an array of one, `[7]`. So
 * cycles and shared references are nothing special, and a list of a million links nests no deeper than a short one.
 *
 * | kind | node |
 * | --- | --- |
 * | `RECORD` | map from key to value |
 * | `PAIRS` | array key, value, key, value …: an object with a key that cbor-x would change |
 * | `ARRAY` | array of values |
 * | `SPARSE` | array length, index, value, index, value …: an array that is nearly all holes |
 * | `MAP` | array key, value, key, value … |
 * | `SET` | array of members |
 * | `DATE` | milliseconds, NaN when invalid |
 * | `REGEXP` | array source, flags |
 * | `ERROR` | array class, number of hidden fields, name, value, name, value …: the hidden (not enumerable) ones first |
 * | `BIGINT` | signed hexadecimal text: cbor-x takes 43 s for a bignum (tag 2) of 256 KiB |
 * | `TEXT` | UTF-8 as a byte string: a string that cbor-x would change |
 * | `REFERENCE` | array of two numbers: whose it is, and which |
 * | `ADDRESS` | text of a URL |
 * | `BUFFER` + code | the bytes of a buffer; the code is that of datatype.ts |
 *
 * A message with -0 in it has all its numbers as doubles, for cbor-x writes -0 as the integer 0.
 */
export const RECORD = 1
export const PAIRS = 2
export const ARRAY = 3
export const SPARSE = 4
export const MAP = 5
export const SET = 6
export const DATE = 7
export const REGEXP = 8
export const ERROR = 9
export const BIGINT = 10
export const TEXT = 11
export const REFERENCE = 12
export const ADDRESS = 13
export const BUFFER = 32

export const TABLE_TAG = 0x4d50
/** The bytes of a tag header with a 16-bit number. */
export const TAG_BYTES = 3

/** cbor-x reads and writes by recursion: deeper trees travel as tables. */
export const MAX_NESTING = 100

/** cbor-x reads no longer arrays and no objects of more keys. */
export const MAX_LENGTH = 112_810_000
export const MAX_KEYS = 16_710_000

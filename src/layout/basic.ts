import { datatypeOf, elementSize, isKnown } from '../codec/datatype.js'

/** The basic types, by the name that structs and layouts over bytes call them; the numbers are their codes in datatype.ts. */
const codes = { i8: 1, u8: 2, u8c: 3, i16: 4, u16: 5, i32: 6, u32: 7, f32: 8, f64: 9, i64: 10, u64: 11, f16: 12 } as const

/**
 * What a layout over bytes picks, and what the fields of a record are: integers, unsigned ones (`u8c` clamps) and floats, by their bits.
 */
export type BasicType = keyof typeof codes

/** A basic type's code. */
export type Code = number

const names = new Map<Code, BasicType>(Object.entries(codes).map(([name, code]) => [code, name as BasicType]))

export const BYTE: Code = codes.u8

export const isBasicType = (type: unknown): type is BasicType => typeof type === 'string' && Object.hasOwn(codes, type)

/** Whether this version of Node has arrays of it. */
export const isSupported = (type: BasicType): boolean => isKnown(codes[type])

export const basicTypes = Object.keys(codes).map((name) => `'${name}'`)

export const codeOf = (type: BasicType): Code => codes[type]

export const typeOf = (code: Code): BasicType => names.get(code)!

export const sizeOf = (type: BasicType): number => (type === 'f16' ? 2 : elementSize(codes[type]))

/** What the elements of a buffer are; those without a type hold bytes. */
export const elementsOf = (memory: unknown): Code => (names.has(datatypeOf(memory)) ? datatypeOf(memory) : BYTE)

/** By name, for a `Float16Array` may be missing. */
export const arrayName = {
  i8: 'Int8Array',
  u8: 'Uint8Array',
  u8c: 'Uint8ClampedArray',
  i16: 'Int16Array',
  u16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
  i64: 'BigInt64Array',
  u64: 'BigUint64Array',
  f16: 'Float16Array'
} as const

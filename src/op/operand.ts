/** What predefined ops take, as types. */

/** Typed arrays of floating-point numbers, of 16 bits too where the program's `lib` has them. */
export type FloatingArray = (typeof globalThis extends { Float16Array: { prototype: infer A } } ? A : never) | Float32Array | Float64Array
/** Typed arrays of integers. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** Every typed array; a reduction combines two element by element. */
export type TypedArray = IntegerArray | FloatingArray

/** What SUM, PROD, MAX, MIN, REPLACE and NO_OP take. */
export type Arithmetic = number | bigint | TypedArray
/** What LAND, LOR and LXOR take; numbers count as true unless they are 0 or NaN. */
export type Logical = Arithmetic | boolean
/** What BAND, BOR and BXOR take; numbers as integers of 32 bits. */
export type Bitwise = number | bigint | IntegerArray
/** A value, and the rank or index where it is. */
export type Located = readonly [value: number | bigint, location: number]
/** What some predefined op takes. */
export type Operand = Logical | Located

/** What a predefined op makes of two `T`: `number` and not a literal, an array on memory of its own. */
export type Reduced<T> = T extends number
  ? number
  : T extends bigint
    ? bigint
    : T extends boolean
      ? boolean
      : T extends readonly [infer V, number]
        ? [value: Reduced<V>, location: number]
        : T extends Buffer
          ? Buffer<ArrayBuffer>
          : T extends TypedArray
            ? ReturnType<T['slice']>
            : T

/** What predefined ops take, as types. */

interface Arrays {
  Int8Array: Int8Array<ArrayBuffer>
  Uint8Array: Uint8Array<ArrayBuffer>
  Uint8ClampedArray: Uint8ClampedArray<ArrayBuffer>
  Int16Array: Int16Array<ArrayBuffer>
  Uint16Array: Uint16Array<ArrayBuffer>
  Int32Array: Int32Array<ArrayBuffer>
  Uint32Array: Uint32Array<ArrayBuffer>
  BigInt64Array: BigInt64Array<ArrayBuffer>
  BigUint64Array: BigUint64Array<ArrayBuffer>
  Float16Array: HalfArray
  Float32Array: Float32Array<ArrayBuffer>
  Float64Array: Float64Array<ArrayBuffer>
}

/** `Float16Array` where the program's `lib` has one. */
type HalfArray = typeof globalThis extends { Float16Array: { prototype: infer A } } ? A : never

type FloatingArray = HalfArray | Float32Array | Float64Array
type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

export type TypedArray = IntegerArray | FloatingArray

export type Arithmetic = number | bigint | TypedArray
export type Logical = Arithmetic | boolean
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
          : T extends { readonly [Symbol.toStringTag]: infer K extends keyof Arrays }
            ? Arrays[K]
            : T

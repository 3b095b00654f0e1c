/** What the compiler promises about ops. Checked by `tsc`, never run. */
import {
  type Arithmetic,
  BAND,
  createOp,
  LAND,
  MAXLOC,
  MINLOC,
  NO_OP,
  type Op,
  type Operand,
  type PredefinedOp,
  REPLACE,
  type Reduced,
  SUM
} from 'rxmpi'
import { expectType } from './equal.js'

interface Point {
  x: number
  y?: number
}

declare const rank: number
declare const doubles: Float64Array<ArrayBuffer>
declare const shared: Float64Array<SharedArrayBuffer>

/** How a reduction is to be declared. */
declare function reduce<T extends Arithmetic>(data: T, op?: undefined): Reduced<T>
declare function reduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>): Reduced<T>
declare function reduce<T>(data: NoInfer<T>, op: Op<T>): T

export function values(): void {
  expectType<number>()(reduce(1))
  expectType<number>()(reduce(1, SUM))
  expectType<number>()(reduce(rank, BAND))
  expectType<number>()(reduce(rank, LAND))
  expectType<bigint>()(reduce(1n))
  expectType<bigint>()(reduce(1n, REPLACE))
  expectType<boolean>()(reduce(true, LAND))
  expectType<boolean>()(reduce(rank > 0, LAND))
  expectType<number | bigint>()(reduce(1 as number | bigint, NO_OP))
  expectType<[value: number, location: number]>()(reduce([0.5, rank], MAXLOC))
  expectType<[value: bigint, location: number]>()(reduce([5n, rank], MINLOC))
  // @ts-expect-error: booleans have no sum
  reduce(true)
  // @ts-expect-error: booleans have no sum
  reduce(true, SUM)
  // @ts-expect-error: neither have objects
  reduce({ a: 1 }, SUM)
  // @ts-expect-error: nor strings
  reduce('a', SUM)
  // @ts-expect-error: nor plain arrays
  reduce([1, 2], SUM)
  // @ts-expect-error: a number has no location
  reduce(1, MAXLOC)
  // @ts-expect-error: a function is no op
  reduce(1, Math.max)
}

export function arrays(): void {
  expectType<Float64Array<ArrayBuffer>>()(reduce(doubles))
  expectType<Float64Array<ArrayBuffer>>()(reduce(doubles, SUM))
  expectType<Float64Array<ArrayBuffer>>()(reduce(shared, SUM))
  expectType<Uint8ClampedArray<ArrayBuffer>>()(reduce(new Uint8ClampedArray(1), BAND))
  expectType<BigInt64Array<ArrayBuffer>>()(reduce(new BigInt64Array(1), LAND))
  expectType<Buffer<ArrayBuffer>>()(reduce(Buffer.alloc(1), SUM))
  expectType<Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>>()(reduce(doubles as unknown as Float32Array | Int8Array, SUM))
  // @ts-expect-error: floating-point numbers are no bits
  reduce(doubles, BAND)
  // @ts-expect-error: an array has no location
  reduce(doubles, MAXLOC)
  // @ts-expect-error: a DataView has no elements
  reduce(new DataView(doubles.buffer), SUM)
}

export function made(): void {
  const join = createOp<string>((a, b) => a + b)
  expectType<Op<string>>()(join)
  expectType<string>()(reduce('a', join))
  expectType<Op<number[]>>()(createOp((a: number[], b: number[]) => [...a, ...b], { commutative: false, name: 'concat' }))
  // What an op takes is what comes out, however little of it is given.
  expectType<Point>()(
    reduce(
      { x: 1 },
      createOp<Point>((a) => a)
    )
  )
  expectType<[string, number]>()(
    reduce(
      ['a', 1],
      createOp<[string, number]>((a) => a)
    )
  )
  expectType<Float64Array>()(
    reduce(
      doubles,
      createOp<Float64Array>((_, b) => b)
    )
  )
  // @ts-expect-error: that op joins strings
  reduce(1, join)
  // @ts-expect-error: two of a kind give one of it
  createOp((a: number, b: number) => `${a}${b}`)
  // @ts-expect-error: options are spelled as they are
  createOp<number>(Math.max, { commutes: true })
}

export function handedOn(): void {
  const numbers: Op<number> = SUM
  expectType<number>()(reduce(1, numbers))
  const arrays: Op<Float64Array> = SUM
  expectType<Float64Array>()(reduce(doubles, arrays))
  const pairs: Op<[number, number]> = MAXLOC
  expectType<[number, number]>()(reduce([1, 2], pairs))
  // @ts-expect-error: booleans have no sum
  const booleans: Op<boolean> = SUM
  // @ts-expect-error: neither have objects
  const points: Op<Point> = SUM
  expectType<number>()(SUM.combine(1, 2))
  expectType<number>()([1, 2].reduce(SUM.combine))
  expectType<(Op<boolean> | Op<Point>)[]>()([booleans, points])
}

/**
 * The predefined ops on vectors of 16 bytes, in AssemblyScript. A kernel combines the first `bytes` bytes at `A` with those at `B`, into
 * `B`. It goes on to the next multiple of 64 bytes, where nobody looks.
 *
 * An op is a class that nobody makes: which type it is given is known while compiling, so a kernel becomes a loop without a branch.
 * scripts/kernels.mjs exports one for every op and type of elements.
 */

export class SUM {}
export class PROD {}
export class MAX {}
export class MIN {}
export class LAND {}
export class LOR {}
export class LXOR {}
export class BAND {}
export class BOR {}
export class BXOR {}
export class CLAMPED_SUM {}
export class CLAMPED_PROD {}

/** Constants and not arguments: then the machine adds them for nothing, which makes a kernel a sixth faster. */
const A: usize = 0
const B: usize = 0x10000

export function fold<T extends number, Op>(bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 64) {
    v128.store(at, combine<T, Op>(v128.load(at, A), v128.load(at, B)), B)
    v128.store(at, combine<T, Op>(v128.load(at, A + 16), v128.load(at, B + 16)), B + 16)
    v128.store(at, combine<T, Op>(v128.load(at, A + 32), v128.load(at, B + 32)), B + 32)
    v128.store(at, combine<T, Op>(v128.load(at, A + 48), v128.load(at, B + 48)), B + 48)
  }
}

function combine<T extends number, Op>(a: v128, b: v128): v128 {
  if (idof<Op>() === idof<SUM>()) return v128.add<T>(a, b)
  if (idof<Op>() === idof<PROD>()) return product<T>(a, b)
  if (idof<Op>() === idof<MAX>()) return maximum<T>(a, b)
  if (idof<Op>() === idof<MIN>()) return minimum<T>(a, b)
  if (idof<Op>() === idof<LAND>()) return one<T>(v128.and(truth<T>(a), truth<T>(b)))
  if (idof<Op>() === idof<LOR>()) return one<T>(v128.or(truth<T>(a), truth<T>(b)))
  if (idof<Op>() === idof<LXOR>()) return one<T>(v128.xor(truth<T>(a), truth<T>(b)))
  if (idof<Op>() === idof<BAND>()) return v128.and(a, b)
  if (idof<Op>() === idof<BOR>()) return v128.or(a, b)
  if (idof<Op>() === idof<BXOR>()) return v128.xor(a, b)
  if (idof<Op>() === idof<CLAMPED_SUM>()) return i8x16.add_sat_u(a, b)
  return clampedProduct(a, b)
}

function product<T extends number>(a: v128, b: v128): v128 {
  if (sizeof<T>() !== 1) return v128.mul<T>(a, b)
  // No instruction multiplies bytes: these are the low ones of products of twice the width.
  const low = v128.and(i16x8.extmul_low_i8x16_u(a, b), i16x8.splat(0xff))
  const high = v128.and(i16x8.extmul_high_i8x16_u(a, b), i16x8.splat(0xff))
  return i8x16.narrow_i16x8_u(low, high)
}

function clampedProduct(a: v128, b: v128): v128 {
  // Narrowing clamps too, but takes 200 × 200 for a negative number.
  const low = i16x8.min_u(i16x8.extmul_low_i8x16_u(a, b), i16x8.splat(0xff))
  const high = i16x8.min_u(i16x8.extmul_high_i8x16_u(a, b), i16x8.splat(0xff))
  return i8x16.narrow_i16x8_u(low, high)
}

function maximum<T extends number>(a: v128, b: v128): v128 {
  if (isInteger<T>() && sizeof<T>() === 8) return v128.bitselect(a, b, greater<T>(a, b))
  return v128.max<T>(a, b)
}

function minimum<T extends number>(a: v128, b: v128): v128 {
  if (isInteger<T>() && sizeof<T>() === 8) return v128.bitselect(b, a, greater<T>(a, b))
  return v128.min<T>(a, b)
}

/** No instruction compares unsigned integers of 64 bits: with the highest bit turned over they are in the order of the signed. */
function greater<T extends number>(a: v128, b: v128): v128 {
  if (isSigned<T>()) return i64x2.gt_s(a, b)
  const highest = i64x2.splat(i64.MIN_VALUE)
  return i64x2.gt_s(v128.xor(a, highest), v128.xor(b, highest))
}

/** All bits of a lane that is neither 0 nor NaN. */
function truth<T extends number>(a: v128): v128 {
  if (isFloat<T>()) return v128.gt<T>(v128.abs<T>(a), v128.splat<T>(0 as T))
  return v128.ne<T>(a, v128.splat<T>(0 as T))
}

function one<T extends number>(mask: v128): v128 {
  return v128.and(mask, v128.splat<T>(1 as T))
}

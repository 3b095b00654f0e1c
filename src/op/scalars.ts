/** The predefined ops on single values, by the kind of value; what is not here an op does not take. */

export type Pair = [value: number | bigint, location: number]

export interface Scalars {
  number?(a: number, b: number): number
  bigint?(a: bigint, b: bigint): bigint
  boolean?(a: boolean, b: boolean): boolean
  located?(a: Pair, b: Pair): Pair
}

const first = <T>(a: T, _b: T): T => a
const last = <T>(_a: T, b: T): T => b

export const scalars = {
  SUM: { number: (a, b) => a + b, bigint: (a, b) => a + b },
  PROD: { number: (a, b) => a * b, bigint: (a, b) => a * b },
  // Of three arguments, `Math.max` would take all.
  MAX: { number: (a, b) => Math.max(a, b), bigint: (a, b) => (a > b ? a : b) },
  MIN: { number: (a, b) => Math.min(a, b), bigint: (a, b) => (a < b ? a : b) },
  LAND: { number: (a, b) => (a && b ? 1 : 0), bigint: (a, b) => (a && b ? 1n : 0n), boolean: (a, b) => a && b },
  LOR: { number: (a, b) => (a || b ? 1 : 0), bigint: (a, b) => (a || b ? 1n : 0n), boolean: (a, b) => a || b },
  LXOR: { number: (a, b) => (!a === !b ? 0 : 1), bigint: (a, b) => (!a === !b ? 0n : 1n), boolean: (a, b) => a !== b },
  BAND: { number: (a, b) => a & b, bigint: (a, b) => a & b },
  BOR: { number: (a, b) => a | b, bigint: (a, b) => a | b },
  BXOR: { number: (a, b) => a ^ b, bigint: (a, b) => a ^ b },
  MAXLOC: { located: (a, b) => extreme(a, b, a[0] > b[0], a[0] < b[0]) },
  MINLOC: { located: (a, b) => extreme(a, b, a[0] < b[0], a[0] > b[0]) },
  REPLACE: { number: last, bigint: last },
  NO_OP: { number: first, bigint: first }
} satisfies Record<string, Scalars>

/** NaN is neither before nor behind anything: it wins, as in `MAX` and `MIN`. */
function extreme(a: Pair, b: Pair, wins: boolean, loses: boolean): Pair {
  if (!wins && !loses) {
    wins = Number.isNaN(a[0])
    loses = Number.isNaN(b[0])
    if (wins === loses) wins = a[1] <= b[1]
  }
  const [value, location] = wins ? a : b
  return [value, location]
}

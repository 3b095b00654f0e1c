import { type AnyOp, mayChange } from '../../op/op.js'
import { copyOf } from './accumulator.js'

/** Combines arrays of values one by one. An op that may change what it is given gets copies: one thing may be in several places. */
export const each = (op: AnyOp): AnyOp['combine'] => {
  const own = (mayChange(op) ? copyOf : (value: unknown) => value) as (value: unknown) => never
  return (a: readonly never[], b: readonly never[]) => a.map((value, k) => op.combine(own(value), own(b[k])))
}

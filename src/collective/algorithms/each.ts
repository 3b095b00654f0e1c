import type { AnyOp } from '../../op/op.js'

/** Combines arrays of values one by one. */
export const each =
  (op: AnyOp): AnyOp['combine'] =>
  (a: readonly never[], b: readonly never[]) =>
    a.map((value, k) => op.combine(value, b[k]!))

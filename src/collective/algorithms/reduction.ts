import { type BufferLike, datatypeOf, matches, nameOf } from '../../codec/datatype.js'
import { checkInto } from '../../diagnostics/arguments.js'
import { AliasError, DatatypeError, TruncationError } from '../../errors.js'
import type { Memory } from '../../memory/copy.js'
import { type AnyOp, checkOp, checkOperand, isTypedArray, type TypedArray } from '../../op/op.js'
import { checkSendable } from '../given.js'
import { Accumulator } from './accumulator.js'

/** Where the methods of a communicator put a result; the operators have none, for they give each round its own. */
export interface Into {
  /** A buffer that receives the result in place; the call resolves to it. Default a new value. */
  into?: BufferLike | undefined
}

/**
 * What all reductions do with a rank's own value: check it against the op and `into`, and begin with it. `passing`: this rank only passes
 * on what comes of it.
 */
export function reductionOf(
  op: AnyOp,
  into: BufferLike | undefined,
  passing = false
): { check: (data: unknown) => void; begin: (data: unknown) => Accumulator } {
  checkOp(op)
  if (into !== undefined) checkInto(into)
  const details = { into: into as TypedArray | undefined, passing }
  return {
    check(data) {
      checkOperand(op, data)
      checkSendable(data)
      if (into !== undefined) checkFits(data, into)
    },
    begin: (data) => new Accumulator(data, op, details)
  }
}

/** Throws unless `count` elements of the data's kind, by default as many as it has, find room. */
export function checkFits(data: unknown, into: BufferLike, count?: number): void {
  if (!isTypedArray(data) || !isTypedArray(into) || !matches(datatypeOf(data), datatypeOf(into))) {
    const what = datatypeOf(data) === 0 ? `what is no array (${typeof data})` : `a ${nameOf(datatypeOf(data))}`
    throw new DatatypeError(
      `into: a ${nameOf(datatypeOf(into))} cannot hold the reduction of ${what}; give a buffer of the data's kind, or none`
    )
  }
  const length = count ?? data.length
  if (into.length < length) {
    throw new TruncationError(`into: the reduction has ${length} elements, the buffer only ${into.length}; give a larger one`)
  }
  checkSameOrApart(data, into)
}

/** Data and result may be in one place (MPI_IN_PLACE), or apart, but not overlap. */
export function checkSameOrApart(data: Memory, into: Memory): void {
  if (data.buffer !== into.buffer || data.byteOffset === into.byteOffset) return
  const apart = data.byteOffset + data.byteLength <= into.byteOffset || into.byteOffset + into.byteLength <= data.byteOffset
  if (apart) return
  throw new AliasError(
    `into: its bytes ${into.byteOffset} … ${into.byteOffset + into.byteLength} overlap those of the data, ` +
      `${data.byteOffset} … ${data.byteOffset + data.byteLength}; give the data itself, or memory apart from it`
  )
}

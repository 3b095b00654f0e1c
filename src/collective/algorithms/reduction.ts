import { withArticle } from '../../codec/article.js'
import { type BufferLike, datatypeOf, matches, nameOf } from '../../codec/datatype.js'
import { checkInto } from '../../diagnostics/arguments.js'
import { AliasError, DatatypeError, TruncationError } from '../../errors.js'
import type { Memory } from '../../memory/copy.js'
import { type AnyOp, checkOperand, isTypedArray } from '../../op/op.js'
import type { CallOptions } from '../call.js'
import { checkSendable } from '../given.js'

/** Where the methods of a communicator put a result; the operators have none, for they give each round its own. */
export interface Into {
  /** A buffer that receives the result in place; the call resolves to it. Default a new value. */
  into?: BufferLike | undefined
}

/** What is wrong with where a result is to be put. */
export function checkPlace({ into }: CallOptions): void {
  if (into !== undefined) checkInto(into)
}

/** What is wrong with a rank's own value, beside its op and the place of the result. */
export function checkReduced(data: unknown, op: AnyOp, into: BufferLike | undefined): void {
  checkOperand(op, data)
  checkSendable(data)
  if (into !== undefined) checkFits(data, into)
}

/** Throws unless `count` elements of the data's kind, by default as many as it has, find room. */
export function checkFits(data: unknown, into: BufferLike, count?: number): void {
  if (!isTypedArray(data) || !isTypedArray(into) || !matches(datatypeOf(data), datatypeOf(into))) {
    const what = datatypeOf(data) === 0 ? `what is no array (${typeof data})` : withArticle(nameOf(datatypeOf(data)))
    throw new DatatypeError(
      `into: ${withArticle(nameOf(datatypeOf(into)))} cannot hold the reduction of ${what}; give a buffer of the data's kind, or none`
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

import { type BufferLike, datatypeOf, valueOn } from '../../codec/datatype.js'
import { shown } from '../../diagnostics/arguments.js'
import { ArgumentError, CountError, DatatypeError } from '../../errors.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, checkOperand, isTypedArray, type TypedArray } from '../../op/op.js'
import { NOTHING } from '../definition.js'
import { checkSendable } from '../given.js'
import { type Accumulator, copyOf } from './accumulator.js'
import type { Integers } from './counts-displs.js'
import { checkFits } from './reduction.js'

/** Throws what is wrong with data that is to be reduced and divided among the ranks. */
export function checkDivided(
  data: unknown,
  op: AnyOp,
  size: number,
  counts: Integers | undefined,
  rank: number,
  into: BufferLike | undefined
): void {
  if (isTypedArray(data)) {
    checkOperand(op, data)
    checkSendable(data)
    checkLength(data, size, counts)
    if (into !== undefined) checkFits(data, into, counts?.[rank] ?? data.length / size)
    return
  }
  if (!Array.isArray(data)) {
    throw new DatatypeError(
      `data: expected an array of ${size} values, one for each rank, or a typed array to be divided, got ${shown(data)}`
    )
  }
  if (data.length !== size) throw new CountError(`data: expected ${size} values, one for each rank, got ${data.length}`)
  if (counts !== undefined) throw new ArgumentError('counts: an array of values has one for each rank; counts are for typed arrays')
  if (into !== undefined) throw new DatatypeError('into: what it receives is a value and no array; leave it out')
  for (const value of data) checkOperand(op, value)
  checkSendable(data)
}

function checkLength({ length }: TypedArray, size: number, counts: Integers | undefined): void {
  if (counts === undefined) {
    if (length % size === 0) return
    throw new CountError(`data: ${length} elements do not divide evenly among ${size} ranks; give a multiple of ${size}, or counts`)
  }
  const sum = Array.from(counts).reduce((a, b) => a + b, 0)
  if (sum !== length) throw new CountError(`counts: they add up to ${sum}, the data has ${length} elements`)
}

/** A rank's block in the end: of an array of values its only one, of a typed array a run on memory of its own. */
export function ownBlock({ present, given, value }: Accumulator, into: TypedArray | undefined): unknown {
  if (!present) return NOTHING
  if (!isTypedArray(value)) {
    const [own] = value as unknown[]
    return Array.isArray(given) && given.includes(own) ? copyOf(own) : own
  }
  if (into === undefined && value.buffer.byteLength === value.byteLength && value.buffer !== (given as TypedArray).buffer) return value
  const block = into ?? (valueOn(datatypeOf(value), unfilled(value.byteLength)) as TypedArray)
  block.set(value as never)
  return block
}

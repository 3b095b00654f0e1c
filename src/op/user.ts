import { withArticle } from '../codec/article.js'
import { datatypeOf, matches, nameOf, valueOn } from '../codec/datatype.js'
import { shown } from '../diagnostics/arguments.js'
import { DatatypeError } from '../errors.js'
import { copyAll } from '../memory/copy.js'
import { giveScratch, takeScratch } from '../memory/scratch.js'
import { isTypedArray } from './kind.js'
import type { TypedArray } from './operand.js'

interface UserOp {
  readonly name: string
  combine(a: TypedArray, b: TypedArray): TypedArray
}

/**
 * Folds with an op that the program has made. It gets copies, for it may write into what it is given, and neither another rank's memory nor
 * the caller's is its to write.
 */
export function foldWith(op: UserOp, into: TypedArray, a: TypedArray, b: TypedArray): void {
  const first = takeScratch(into.byteLength)
  const second = takeScratch(into.byteLength)
  try {
    const result: unknown = op.combine(copyOn(first, a), copyOn(second, b))
    checkResult(op, result, into)
    copyAll(result, into)
  } finally {
    giveScratch(first)
    giveScratch(second)
  }
}

function copyOn(buffer: ArrayBuffer, from: TypedArray): TypedArray {
  const copy = valueOn(datatypeOf(from), buffer, 0, from.byteLength) as TypedArray
  copyAll(from, copy)
  return copy
}

function checkResult(op: UserOp, result: unknown, expected: TypedArray): asserts result is TypedArray {
  const datatype = datatypeOf(expected)
  if (isTypedArray(result) && matches(datatypeOf(result), datatype) && result.length === expected.length) return
  throw new DatatypeError(
    `op: combine of '${op.name}' returned ${shownArray(result)}; ` +
      `of two runs it returns one of the same kind and length, here ${withArticle(nameOf(datatype))} of length ${expected.length}`
  )
}

const shownArray = (value: unknown): string =>
  isTypedArray(value) ? `${withArticle(nameOf(datatypeOf(value)))} of length ${value.length}` : shown(value)

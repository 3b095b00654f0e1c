import { withArticle } from '../codec/article.js'
import { elementSize, valueOn } from '../codec/datatype.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'
import { type AnyOp, isPredefined, SUM, type TypedArray } from '../op/op.js'
import type { PredefinedName } from '../op/predefined.js'
import { isValueOf, type Operation } from './apply.js'
import type { Given } from './given.js'
import type { WindowAt } from './options.js'
import type { Part } from './part.js'
import { atomicType, checkMatch, laidOver, type Place, rowIn } from './place.js'

/** What a call on a part works on: the elements that are given and meant, and the op. All throw what is wrong with an argument. */

/** The code of memory without a type. */
export const BYTES = 2

/** Of a call without an op. */
export const operationOf = (kind: number, { offset, bytes, form }: Place): Operation => ({
  kind,
  offset,
  bytes,
  form,
  code: BYTES,
  op: 'REPLACE'
})

/** Where in a part what is given goes. */
export function placeFor(part: Part, { at = 0, layout }: WindowAt, given: Given, name: string): Place {
  if (layout !== undefined) {
    const place = laidOver(part, at, layout, 1)
    checkMatch(part, place, given.signature, name)
    return place
  }
  const { unit } = part
  if (!part.isBytes && given.bytes > 0 && given.signature.rootText !== unit.signature.rootText) {
    throw new DatatypeError(`${name}: ${given.signature} do not match the part of rank ${part.rank}, whose elements are ${unit.signature}`)
  }
  const count = given.bytes / unit.signature.bytes
  if (!Number.isInteger(count)) throw new CountError(`${name}: its ${given.bytes} bytes are no whole number of ${unit.signature.bytes}`)
  return rowIn(part, at, count)
}

/** One element of a part. */
export function elementOf(part: Part, { at = 0, layout }: WindowAt): Place {
  if (layout !== undefined) throw new ArgumentError('layout: this call is on one element; give at')
  const place = rowIn(part, at, 1)
  atomicType(part, place, part.unit.signature)
  return place
}

/** New elements of a part's type. */
export const elements = (part: Part, count: number): TypedArray =>
  valueOn(part.code, new ArrayBuffer(count * elementSize(part.code))) as TypedArray

/** A value as an element of a part. */
export function elementValue(part: Part, value: unknown, name: string): never {
  if (isValueOf(part.code, value)) return value as never
  const expected = typeof elements(part, 1)[0]
  throw new DatatypeError(`${name}: an element of the part of rank ${part.rank} is ${withArticle(expected)}, got ${shown(value)}`)
}

/** The op may be left out. */
export function opAnd<T extends WindowAt>(op: AnyOp | T | undefined, at: T | undefined): [op: AnyOp, at: T] {
  if (op === undefined) return [SUM as AnyOp, at as T]
  return at === undefined && !isPredefined(op) && typeof (op as AnyOp).combine !== 'function'
    ? [SUM as AnyOp, op as T]
    : [op as AnyOp, at as T]
}

/** The op for elements of a type. */
export function opOn(op: AnyOp, code: number): PredefinedName {
  if (!isPredefined(op)) {
    if (typeof (op as AnyOp | undefined)?.combine === 'function') {
      throw new ArgumentError(
        `op: '${op.name}' is an op of the program's, which cannot run where the part is; use SUM or another predefined one`
      )
    }
    throw new ArgumentError(`op: expected SUM or another predefined op, got ${shown(op)}`)
  }
  op.check(valueOn(code, new ArrayBuffer(0)), 'data')
  return op.name
}

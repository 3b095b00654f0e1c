import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError } from '../errors.js'

/** Checks of what layouts are made of. */

export function checkCount(count: unknown, name: string): asserts count is number {
  if (Number.isSafeInteger(count) && (count as number) >= 0) return
  throw new CountError(`${name}: expected an integer from 0 to 2⁵³-1, got ${shown(count)}`)
}

export function checkInteger(number: unknown, name: string): asserts number is number {
  if (Number.isSafeInteger(number)) return
  throw new CountError(`${name}: expected an integer, got ${shown(number)}`)
}

type Check = (value: unknown, name: string) => void

/** A frozen copy of a list of integers, each of which is checked. */
export function listOf(list: unknown, name: string, check: Check = checkInteger): readonly number[] {
  const isList = Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView))
  if (!isList) throw new ArgumentError(`${name}: expected an array of integers, got ${shown(list)}`)
  const copy = Array.from(list as ArrayLike<number>)
  for (let k = 0; k < copy.length; k++) check(copy[k], `${name}[${k}]`)
  return Object.freeze(copy)
}

export function checkLength(list: readonly unknown[], length: number, name: string, of: string): void {
  if (list.length === length) return
  throw new CountError(`${name}: ${list.length} of them for ${length} ${of}; give as many of both`)
}

export function checkOrder(order: unknown): asserts order is 'C' | 'F' {
  if (order === 'C' || order === 'F') return
  throw new ArgumentError(`order: expected 'C' (the last dimension lies in a row) or 'F' (the first does), got ${shown(order)}`)
}

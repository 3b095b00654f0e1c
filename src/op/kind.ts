import { BUFFER, datatypeOf, nameOf } from '../codec/datatype.js'
import type { TypedArray } from './operand.js'

/** What an op can tell of a value at run time. */
export type Kind = 'number' | 'bigint' | 'boolean' | 'located' | 'array' | undefined

export function kindOf(data: unknown): Kind {
  const type = typeof data
  if (type === 'number' || type === 'bigint' || type === 'boolean') return type
  if (isTypedArray(data)) return 'array'
  return isLocated(data) ? 'located' : undefined
}

/** Whether ops work on it element by element: a `DataView` or an `ArrayBuffer` has no elements. */
export function isTypedArray(data: unknown): data is TypedArray {
  const code = datatypeOf(data)
  return code >= 1 && code <= BUFFER
}

export const isFloating = (datatype: number): boolean => nameOf(datatype).startsWith('Float')

export const isBigint = (datatype: number): boolean => nameOf(datatype).startsWith('Big')

function isLocated(data: unknown): boolean {
  if (!Array.isArray(data) || data.length !== 2 || typeof data[1] !== 'number') return false
  return typeof data[0] === 'number' || typeof data[0] === 'bigint'
}

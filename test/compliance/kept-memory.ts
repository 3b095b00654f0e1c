import type { Persistent } from '../../src/request/persistent.js'
import type { Request } from '../../src/request/request.js'

/** Arrays and views that persistent calls are made on: what is in them, and other numbers for it. */

/** Writes other numbers everywhere. */
export function fill(value: unknown, by: number): void {
  if (Array.isArray(value)) for (const [k, part] of value.entries()) fill(part, by + k)
  else if (value instanceof Float64Array) for (const k of value.keys()) value[k] = 1000 * by + k
  else if (value !== undefined) fill((value as { memory: unknown }).memory, by)
}

/** What is there now. */
export const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copied)
  if (value instanceof Float64Array) return Array.from(value)
  return value === undefined ? undefined : copied((value as { memory: unknown }).memory)
}

/** The methods of a communicator by their names. */
export type Calls = Record<string, (...args: unknown[]) => Request<unknown> & Persistent<unknown>>

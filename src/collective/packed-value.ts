import { Pickable } from '../layout/picked.js'
import { checkThere, packPicked } from '../layout/view.js'

/** Whether a value is memory in pieces, or an array with such. */
export const isPiecemeal = (value: unknown): boolean =>
  value instanceof Pickable || (Array.isArray(value) && value.some((part) => part instanceof Pickable))

/** A value as an operator sends it: what views pick is packed when they come, for a round may begin later. */
export function packedValue<T>(value: T): T {
  if (typeof value !== 'object' || !isPiecemeal(value)) return value
  return (Array.isArray(value) ? value.map(packedOf) : packedOf(value)) as T
}

/** What travels of a view, or a value as it is. */
export function packedOf(value: unknown): unknown {
  if (!(value instanceof Pickable)) return value
  checkThere(value, 'data')
  return packPicked(value)
}

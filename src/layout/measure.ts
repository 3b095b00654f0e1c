import { type BasicType, sizeOf } from './basic.js'
import { checkOf, type Layout, measuresOf, type Of } from './layout.js'

/** Bytes that an item of a layout picks, where an element that has no type of its own has `elementBytes`. */
export function itemBytes(layout: Layout | BasicType, elementBytes: number): number {
  checkOf(layout, 'layout')
  const { size } = measuresOf(layout)
  const leaf = leafOf(layout)
  if (leaf === undefined) return size * elementBytes
  // Sizes over memory of bytes are in bytes.
  if (typeof leaf === 'string' || leaf.kind !== 'field') return size
  return size * (typeof leaf.type === 'string' ? sizeOf(leaf.type) : leaf.type.size)
}

/** What a layout repeats at last: a basic type, a struct or a field; nothing where it repeats elements. */
function leafOf(of: Of | undefined): Of | undefined {
  if (of === undefined || typeof of === 'string' || of.kind === 'struct' || of.kind === 'field') return of
  return leafOf(of.of)
}

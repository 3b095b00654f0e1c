import { copyAll } from '../copy.js'
import { isBigint, isFloating } from './kind.js'
import { bigintLoops, type ElementwiseName, type Loop, numberLoops, wrappingProduct } from './loops.js'
import type { TypedArray } from './operand.js'

export type ArrayOpName = ElementwiseName | 'REPLACE' | 'NO_OP'

/** `into[i] = a[i] op b[i]`; `into` may be the memory of `a` or of `b`, but not a part of it that is shifted. */
export function elementwise(name: ArrayOpName, into: TypedArray, a: TypedArray, b: TypedArray): void {
  if (name === 'NO_OP') assign(into, a)
  else if (name === 'REPLACE') assign(into, b)
  else loopOf(name, into)(into, a, b)
}

/** One kind of elements, so all three arrays are of numbers, or all of bigints. */
function loopOf(name: ElementwiseName, into: TypedArray): Loop<unknown> {
  if (isBigint(into)) return bigintLoops[name] as Loop<unknown>
  return (name === 'PROD' && !isFloating(into) ? wrappingProduct : numberLoops[name]) as Loop<unknown>
}

function assign(into: TypedArray, from: TypedArray): void {
  if (into.buffer !== from.buffer || into.byteOffset !== from.byteOffset) copyAll(from, into)
}

import { elementSize, valueOn } from '../../codec/datatype.js'
import { giveScratch, takeScratch } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, type TypedArray } from '../../op/op.js'
import type { Place } from '../../transport/board.js'
import { type FoldOrder, folded } from './fold-order.js'

/** What is combined at a time, so that it stays in the cache. */
const BLOCK_BYTES = 2 ** 15

/** Combines what all ranks have laid into a place that may be what one of them has laid. */
export function combineAll(op: AnyOp, order: FoldOrder, datatype: number, into: Place, given: readonly Place[]): void {
  const size = given.length
  const most = BLOCK_BYTES - (BLOCK_BYTES % elementSize(datatype))
  const temporary: ArrayBuffer[] = []
  for (let at = 0; at < into.byteLength; at += most) {
    const bytes = Math.min(most, into.byteLength - at)
    const on = ({ buffer, byteOffset }: Place): TypedArray => valueOn(datatype, buffer as ArrayBuffer, byteOffset + at, bytes) as TypedArray
    const place = on(into)
    let left = size - 1
    let used = 0
    folded(
      order,
      size,
      (rank) => on(given[rank]!),
      (a, b) => {
        // The last one combines all.
        const out = --left === 0 ? place : (valueOn(datatype, temporaryAt(temporary, used++), 0, bytes) as TypedArray)
        foldArrays(op, out, a, b)
        return out
      }
    )
  }
  for (const buffer of temporary) giveScratch(buffer)
}

function temporaryAt(temporary: ArrayBuffer[], place: number): ArrayBuffer {
  temporary[place] ??= takeScratch(BLOCK_BYTES)
  return temporary[place]
}

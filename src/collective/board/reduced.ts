import { datatypeOf, NUMBER, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import type { Board } from '../../transport/board.js'
import { shapeOf } from '../algorithms/accumulator.js'
import type { CallOptions } from '../call.js'
import { type FoldOrder, folded } from './fold-order.js'
import type { Posts, Written } from './posts.js'

const NUMBER_WRITTEN: Written = { shape: NUMBER, length: 8 }

/**
 * A reduction by a board: each rank that gets the result combines what all have posted, in the order in which messages would, so that it is
 * the same to the last bit; `orderOf` makes that order when it is needed. An op of the program's own is not called more often than messages
 * would: those go that way.
 */
export function reducedPosts(op: AnyOp, orderOf: () => FoldOrder): Posts<unknown, unknown> | undefined {
  if (!isPredefined(op)) return undefined
  let order: FoldOrder | undefined
  const combine = op.combine as (a: unknown, b: unknown) => unknown
  return {
    takes: (data, most) => typeof data === 'number' || (isTypedArray(data) && data.byteLength <= most),
    write(data, board, sequence) {
      if (typeof data === 'number') {
        board.setNumber(sequence, data)
        return NUMBER_WRITTEN
      }
      const { buffer, byteOffset, byteLength } = data as TypedArray
      board.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), board.placeOf(board.rank, sequence))
      return { shape: shapeOf(data), length: byteLength }
    },
    read(board, sequence, data, options) {
      order ??= orderOf()
      if (typeof data === 'number') return folded(order, board.size, (rank) => board.number(rank, sequence) as unknown, combine)
      return arraysFolded(board, sequence, data as TypedArray, op, order, options)
    }
  }
}

function arraysFolded(board: Board, sequence: number, data: TypedArray, op: AnyOp, order: FoldOrder, { into }: CallOptions): unknown {
  if (into !== undefined) checkAttached(into, 'into')
  const code = datatypeOf(data)
  const { byteLength } = data
  const noteOf = (rank: number): TypedArray =>
    valueOn(code, board.bytes.buffer as ArrayBuffer, board.placeOf(rank, sequence), byteLength) as TypedArray
  const fresh = (): TypedArray => valueOn(code, unfilled(byteLength), 0, byteLength) as TypedArray
  const place = (into ?? fresh()) as TypedArray
  const view = valueOn(code, place.buffer as ArrayBuffer, place.byteOffset, byteLength) as TypedArray
  let left = board.size - 1
  folded(order, board.size, noteOf, (a, b) => {
    // The last one combines all.
    const out = --left === 0 ? view : fresh()
    foldArrays(op, out, a, b)
    return out
  })
  return place
}

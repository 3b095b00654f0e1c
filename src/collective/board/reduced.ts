import { datatypeOf, NUMBER, valueOn } from '../../codec/datatype.js'
import { checkAttached } from '../../diagnostics/arguments.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import { runOf, shapeOf } from '../algorithms/accumulator.js'
import type { CallOptions } from '../call.js'
import { type FoldOrder, folded } from './fold-order.js'
import { NoteViews } from './note-views.js'
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
  const views = new NoteViews()
  const combine = op.combine as (a: unknown, b: unknown) => unknown
  return {
    takes: (data, most) => typeof data === 'number' || (isTypedArray(data) && data.byteLength <= most),
    write(data, board, sequence) {
      if (typeof data === 'number') {
        board.setNumber(sequence, data)
        return NUMBER_WRITTEN
      }
      const array = data as TypedArray
      views.of(board, board.rank, sequence, datatypeOf(array), array.byteLength).set(array as never)
      return { shape: shapeOf(data), length: array.byteLength }
    },
    read(board, sequence, data, options) {
      order ??= orderOf()
      if (typeof data === 'number') return folded(order, board.size, (rank) => board.number(rank, sequence) as unknown, combine)
      const code = datatypeOf(data)
      const { byteLength } = data as TypedArray
      return arraysFolded(order, op, (rank) => views.of(board, rank, sequence, code, byteLength), board.size, options)
    }
  }
}

function arraysFolded(order: FoldOrder, op: AnyOp, noteOf: (rank: number) => TypedArray, size: number, { into }: CallOptions): unknown {
  if (into !== undefined) checkAttached(into, 'into')
  const { byteLength } = noteOf(0)
  const code = datatypeOf(noteOf(0))
  const fresh = (): TypedArray => valueOn(code, unfilled(byteLength), 0, byteLength) as TypedArray
  const place = (into ?? fresh()) as TypedArray
  const view = runOf(place, code, 0, byteLength)
  let left = size - 1
  folded(order, size, noteOf, (a, b) => {
    // The last one combines all.
    const out = --left === 0 ? view : fresh()
    foldArrays(op, out, a, b)
    return out
  })
  return place
}

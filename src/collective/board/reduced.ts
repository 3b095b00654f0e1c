import { datatypeOf, NUMBER, valueOn } from '../../codec/datatype.js'
import { unfilled } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, isPredefined, isTypedArray, type TypedArray } from '../../op/op.js'
import type { Board } from '../../transport/board.js'
import { shapeOf } from '../algorithms/accumulator.js'
import type { CallOptions } from '../call.js'
import type { Posts, Written } from './posts.js'

const NUMBER_WRITTEN: Written = { shape: NUMBER, length: 8 }

/**
 * A reduction to all by a board: each rank combines what all have posted, in the order of recursive doubling, so that the result is to the
 * last bit the same as by messages. An op of the program's own is not called more often than messages would: those go that way.
 */
export function reducedPosts(op: AnyOp): Posts<unknown, unknown> | undefined {
  if (!isPredefined(op)) return undefined
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
      if (typeof data === 'number') return folded(board.size, (rank) => board.number(rank, sequence) as unknown, combine)
      return arraysFolded(board, sequence, data as TypedArray, op, options)
    }
  }
}

function arraysFolded(board: Board, sequence: number, data: TypedArray, op: AnyOp, { into }: CallOptions): unknown {
  const code = datatypeOf(data)
  const { byteLength } = data
  const noteOf = (rank: number): TypedArray =>
    valueOn(code, board.bytes.buffer as ArrayBuffer, board.placeOf(rank, sequence), byteLength) as TypedArray
  const fresh = (): TypedArray => valueOn(code, unfilled(byteLength), 0, byteLength) as TypedArray
  const place = (into ?? fresh()) as TypedArray
  const view = valueOn(code, place.buffer as ArrayBuffer, place.byteOffset, byteLength) as TypedArray
  let left = board.size - 1
  folded(board.size, noteOf, (a, b) => {
    // The last one combines all.
    const out = --left === 0 ? view : fresh()
    foldArrays(op, out, a, b)
    return out
  })
  return place
}

/** Combines as partners do that double: first the pairs of `powerOfTwo`, then neighbours, then neighbours of those. */
export function folded<V>(size: number, given: (rank: number) => V, combine: (a: V, b: V) => V): V {
  if (size === 2) return combine(given(0), given(1))
  const count = 2 ** Math.floor(Math.log2(size))
  const extra = size - count
  const values = Array.from({ length: count }, (_, place) =>
    place < extra ? combine(given(2 * place), given(2 * place + 1)) : given(place + extra)
  )
  for (let distance = 1; distance < count; distance *= 2) {
    for (let place = 0; place < count; place += 2 * distance) values[place] = combine(values[place]!, values[place + distance]!)
  }
  return values[0]!
}

import { valueOn } from '../../codec/datatype.js'
import type { TypedArray } from '../../op/op.js'
import type { Board } from '../../transport/board.js'

/** The data of notes as arrays, which are made once for as long as it is of a kind and length: to make one takes as long as to add ten. */
export class NoteViews {
  /** By the place of the note. */
  readonly #views = new Map<number, TypedArray>()
  #datatype = 0
  #bytes = 0

  of(board: Board, rank: number, sequence: number, datatype: number, bytes: number): TypedArray {
    if (datatype !== this.#datatype || bytes !== this.#bytes) {
      this.#views.clear()
      this.#datatype = datatype
      this.#bytes = bytes
    }
    const place = board.placeOf(rank, sequence)
    let view = this.#views.get(place)
    if (view === undefined) {
      view = valueOn(datatype, board.bytes.buffer as ArrayBuffer, place, bytes) as TypedArray
      this.#views.set(place, view)
    }
    return view
  }
}

import type { Board } from '../../transport/board.js'
import { type CallOptions, NO_OPTIONS } from '../call.js'
import { NOTHING } from '../definition.js'

/** How a collective is done by a board. */
export interface Posts<T, R> {
  /** Whether a value fits a note of so many bytes at most, and is of a kind that is done by it. */
  readonly takes: (value: T, most: number, options: CallOptions) => boolean
  /** Writes what this rank gives into its note; on how much, and how many bytes. */
  readonly write: (value: T, board: Board, sequence: number, options: CallOptions) => Written
  /** Whether what all have given goes together, which all ranks find alike; absent where the shapes of the notes say it. */
  readonly agree?: ((board: Board, sequence: number) => boolean) | undefined
  /** Makes the result of the notes of all; NOTHING for a rank that gets none. */
  readonly read: (board: Board, sequence: number, value: T, options: CallOptions) => R | typeof NOTHING
}

export interface Written {
  readonly shape: number
  readonly length: number
}

/** A note that says only that its rank has come. */
export const NOTHING_WRITTEN: Written = { shape: 0, length: 0 }

/** The same where only the root gets something. What another rank says of a place for it is ignored. */
export function postsTo<T, R>(posts: Posts<T, R>, atRoot: boolean): Posts<T, R> {
  if (atRoot) return posts
  return {
    takes: (value, most) => posts.takes(value, most, NO_OPTIONS),
    write: (value, board, sequence) => posts.write(value, board, sequence, NO_OPTIONS),
    agree: posts.agree,
    read: () => NOTHING
  }
}

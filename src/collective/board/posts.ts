import type { Board } from '../../transport/board.js'
import { type CallOptions, NO_OPTIONS } from '../call.js'
import { type Misfit, NOTHING } from '../definition.js'

/** How a collective is done by the notes of a board. */
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

/** How one is done by the stages of a board, for what is too long for a note. */
export interface Stages<T, R> {
  /** Whether a value is of a kind that is done by them. */
  readonly takes: (value: T, most: number, options: CallOptions) => boolean
  /** Lays the first part of what this rank gives on its stage, or in its note. */
  readonly lay: (value: T, board: Board, sequence: number, options: CallOptions) => Laid<R>
}

/** A call that is done step by step: this rank does the next when all have done the one before. */
export interface Laid<R> {
  /** Of what is given: all ranks' must be the same. */
  readonly shape: number
  /** What is given, as the note says it in place of a length: from 0 on. */
  readonly kind: number
  /** Whether what all have given goes by stages, which all ranks find alike; absent where the shapes say it. */
  agree?(): boolean
  /** Throws where memory that it works on has been taken away meanwhile, so that no rank can go on. */
  check(): void
  /** Does a step, the first of which is 0; the last gives the result, which is a misfit where that is this rank's error alone. */
  step(step: number): R | Misfit | typeof NOTHING | typeof MEET_AGAIN
}

/** What a step gives that is not the last. */
export const MEET_AGAIN = Symbol('meet again')

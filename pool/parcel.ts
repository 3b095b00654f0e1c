import type { Communicator } from '../src/communicator/communicator.js'
import type { Intercommunicator } from '../src/communicator/intercommunicator.js'
import { datatypeOf, OBJECT } from '../src/stream/internal.js'

/**
 * What a pool's ranks say to each other: values of two streams for each worker, there and back. Buffers do not travel inside of a word but
 * behind it, as values of their own, since those are not encoded.
 */

/** No program's tag. */
export const POOL_TAG = -2
export const UNLIMITED = { values: 2 ** 31, bytes: 2 ** 26 }

/** Where a pool's root and a worker see each other: ranks of one communicator, or of two groups. */
export type Ranks = Communicator | Intercommunicator

/** From root to worker. */
export type Order =
  | { readonly type: 'define'; readonly fn: number; readonly source: FunctionSource }
  | ({ readonly type: 'work'; readonly chunk: number; readonly fn: number; readonly first: number; readonly transfer: boolean } & Load)

/** From worker to root: the results of the chunk's values up to the first that failed, if one did; or that it wants no more. */
export type Report =
  | ({
      readonly chunk: number
      /** Milliseconds that it took. */
      readonly ms: number
      readonly failure?: { readonly error: unknown } | undefined
    } & Load)
  | { readonly leaving: true }

/** Values, those that are buffers left out. */
export interface Load {
  values: unknown[]
  /** The places of the values that follow. */
  readonly buffers: readonly number[]
}

export type FunctionSource = { readonly text: string } | { readonly module: string; readonly name: string }

/** Buffers shorter than this are as well off in the word. */
const WORTHWHILE_BYTES = 256

/** Takes the buffers out. */
export function loadOf(values: unknown[]): { load: Load; buffers: unknown[] } {
  const places: number[] = []
  for (let k = 0; k < values.length; k++) {
    const value = values[k]
    if (typeof value !== 'object' || value === null || datatypeOf(value) === OBJECT) continue
    if ((value as ArrayBuffer).byteLength >= WORTHWHILE_BYTES) places.push(k)
  }
  if (places.length === 0) return { load: { values, buffers: [] }, buffers: [] }
  const rest = values.slice()
  for (const place of places) rest[place] = null
  return { load: { values: rest, buffers: places }, buffers: places.map((place) => values[place]) }
}

/** Puts words together again: hands each over when its buffers have come. */
export class Assembly<W extends object> {
  readonly #complete: (word: W) => void
  #word: (W & Partial<Load>) | undefined
  #missing = 0

  constructor(complete: (word: W) => void) {
    this.#complete = complete
  }

  next(value: unknown): void {
    if (this.#word === undefined) {
      this.#word = value as W
      this.#missing = this.#word.buffers?.length ?? 0
    } else {
      const places = this.#word.buffers!
      this.#word.values![places[places.length - this.#missing]!] = value
      this.#missing--
    }
    if (this.#missing > 0) return
    const word = this.#word
    this.#word = undefined
    this.#complete(word)
  }
}

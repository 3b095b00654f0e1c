import { copyRun, LARGEST_UINT8ARRAY, type Memory } from './copy.js'
import { bytesIn, type Form, type Loop, overlapsItself } from './form.js'
import { copyBlocks } from './strided.js'
import { type Words, wordsOf } from './words.js'

/**
 * Memory in pieces that travels as if it were one run: packed, the pieces lie one behind the other. Any part of that can be copied, for
 * a segment may end within a piece, or an element.
 */
export class Runs {
  /** Of what is picked. */
  readonly byteLength: number
  readonly form: Form
  readonly #memory: Memory
  /** Whether it is a single run. */
  readonly #isOne: boolean
  /** Bytes of one pass through the list. */
  readonly #row: number
  /** Where each run of the list begins when packed. */
  readonly #places: Float64Array
  /** The loop around the list, and those around that with the rows that a turn of each has. */
  readonly #inner: Loop
  readonly #outer: readonly (Loop & { readonly rows: number })[]
  #overlaps: boolean | undefined

  /** The form's origin is the first byte of the memory; all of it lies within. */
  constructor(memory: Memory, form: Form) {
    this.#memory = memory
    this.form = form
    this.byteLength = bytesIn(form)
    const { lengths, loops } = form
    this.#isOne = loops.length === 0 && lengths.length === 1
    this.#places = new Float64Array(lengths.length)
    let row = 0
    for (let k = 0; k < lengths.length; k++) {
      this.#places[k] = row
      row += lengths[k]!
    }
    this.#row = row
    this.#inner = loops.at(-1) ?? ONCE
    let rows = this.#inner.count
    this.#outer = loops
      .slice(0, -1)
      .reverse()
      .map((loop) => {
        const within = rows
        rows *= loop.count
        return { ...loop, rows: within }
      })
  }

  /** Whether a byte is picked twice. */
  get overlaps(): boolean {
    this.#overlaps ??= overlapsItself(this.form)
    return this.#overlaps
  }

  get buffer(): ArrayBufferLike {
    return this.#memory.buffer
  }

  get byteOffset(): number {
    return this.#memory.byteOffset
  }

  /** Copies `count` packed bytes from `at` on to the place `place` of `target`. */
  gather(at: number, count: number, target: Memory, place: number): void {
    this.#move(at, count, target, place, true)
  }

  /** Copies them from there to where they belong, in order where they overlap. */
  scatter(at: number, count: number, source: Memory, place: number): void {
    this.#move(at, count, source, place, false)
  }

  /** Copies what it picks to where the other has it, which is as long and lies elsewhere; of the same form straight from place to place. */
  copyTo(other: Runs): void {
    if (!this.#isLike(other)) return other.scatter(0, this.byteLength, this.packed(), 0)
    const mover = this.#moverOf(other.#memory, true)
    const { offsets, lengths } = this.form
    const { count, stride } = this.#inner
    const rows = this.byteLength / this.#row
    for (let index = 0; index < rows; index += count) {
      const origin = this.#origin(index)
      for (let k = 0; k < offsets.length; k++) {
        mover.move(origin + offsets[k]!, stride, origin + other.form.offsets[k]!, stride, lengths[k]!, count)
      }
    }
  }

  /** What a message's data is told to. */
  readonly sink = (bytes: Uint8Array, from: number, at: number, count: number): void => this.scatter(at, count, bytes, from)

  /** All of it, on memory of its own. */
  packed(): Uint8Array {
    const target = new Uint8Array(this.byteLength)
    this.gather(0, this.byteLength, target, 0)
    return target
  }

  #move(at: number, count: number, other: Memory, place: number, out: boolean): void {
    if (count === 0) return
    const mover = this.#moverOf(other, out)
    if (this.#isOne) return mover.move(this.form.offsets[0]! + at, 0, place, 0, count, 1)
    const isInOrder = !out && this.overlaps
    const row = this.#row
    let packed = place
    let index = Math.floor(at / row)
    const begin = at - index * row
    let left = count
    if (begin > 0 || left < row) {
      const part = Math.min(row - begin, left)
      this.#part(mover, this.#origin(index), begin, part, packed)
      index++
      packed += part
      left -= part
    }
    while (left >= row) {
      const turns = isInOrder ? 1 : Math.min(this.#inner.count - (index % this.#inner.count), Math.floor(left / row))
      this.#list(mover, this.#origin(index), turns, packed)
      index += turns
      packed += turns * row
      left -= turns * row
    }
    if (left > 0) this.#part(mover, this.#origin(index), 0, left, packed)
  }

  #moverOf(other: Memory, out: boolean): Mover {
    // Elements that are read from, or written to, a buffer that was transferred away are no error.
    if (this.#memory.buffer.byteLength === 0) throw new TypeError('the buffer is detached')
    const byRun = this.#isOne || isLarge(this.#memory) || isLarge(other)
    return byRun ? new ByRun(this.#memory, other, out) : new ByWord(this.#memory, other, out)
  }

  /** Whether another has runs of the same lengths and as far apart, wherever they begin. */
  #isLike({ form }: Runs): boolean {
    const { lengths, loops } = this.form
    return (
      lengths.length === form.lengths.length &&
      loops.length === form.loops.length &&
      Array.prototype.every.call(lengths, (length, k) => length === form.lengths[k]) &&
      loops.every(({ count, stride }, k) => count === form.loops[k]!.count && stride === form.loops[k]!.stride)
    )
  }

  /** Where a row's list has its origin. */
  #origin(index: number): number {
    const { count, stride } = this.#inner
    let origin = (index % count) * stride
    for (const loop of this.#outer) origin += (Math.floor(index / loop.rows) % loop.count) * loop.stride
    return origin
  }

  /** So many whole rows of one turn of the inner loop: each run of the list is one of as many blocks. */
  #list(mover: Mover, origin: number, turns: number, packed: number): void {
    const { offsets, lengths } = this.form
    const { stride } = this.#inner
    for (let k = 0; k < offsets.length; k++) {
      mover.move(origin + offsets[k]!, stride, packed + this.#places[k]!, this.#row, lengths[k]!, turns)
    }
  }

  /** Some bytes of a row. */
  #part(mover: Mover, origin: number, begin: number, bytes: number, packed: number): void {
    const { offsets, lengths } = this.form
    let k = lastUpTo(this.#places, begin)
    let within = begin - this.#places[k]!
    for (let done = 0; done < bytes; k++) {
      const share = Math.min(lengths[k]! - within, bytes - done)
      mover.move(origin + offsets[k]! + within, 0, packed + done, 0, share, 1)
      done += share
      within = 0
    }
  }
}

const ONCE: Loop = { count: 1, stride: 0 }

const isLarge = ({ buffer }: Memory): boolean => buffer.byteLength >= LARGEST_UINT8ARRAY

/** The last place that is not behind `at`; the first is 0. */
function lastUpTo(places: Float64Array, at: number): number {
  let low = 0
  let high = places.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (places[middle]! <= at) low = middle
    else high = middle
  }
  return low
}

/** Copies blocks between the memory and what is packed. */
interface Mover {
  move(offset: number, step: number, packed: number, leap: number, width: number, blocks: number): void
}

class ByWord implements Mover {
  readonly #own: Words
  readonly #other: Words
  readonly #base: number
  readonly #otherBase: number
  readonly #out: boolean

  constructor(own: Memory, other: Memory, out: boolean) {
    this.#own = wordsOf(own.buffer)
    this.#other = wordsOf(other.buffer)
    this.#base = own.byteOffset
    this.#otherBase = other.byteOffset
    this.#out = out
  }

  move(offset: number, step: number, packed: number, leap: number, width: number, blocks: number): void {
    const place = this.#base + offset
    const otherPlace = this.#otherBase + packed
    if (this.#out) copyBlocks(this.#own, place, step, this.#other, otherPlace, leap, width, blocks)
    else copyBlocks(this.#other, otherPlace, leap, this.#own, place, step, width, blocks)
  }
}

/** Of a single run, and where a buffer is too large for a `Uint8Array` on all of it. */
class ByRun implements Mover {
  readonly #own: Memory
  readonly #other: Memory
  readonly #out: boolean

  constructor(own: Memory, other: Memory, out: boolean) {
    this.#own = own
    this.#other = other
    this.#out = out
  }

  move(offset: number, step: number, packed: number, leap: number, width: number, blocks: number): void {
    for (let k = 0; k < blocks; k++) {
      const [place, otherPlace] = [offset + k * step, packed + k * leap]
      if (this.#out) copyRun(this.#own, place, this.#other, otherPlace, width)
      else copyRun(this.#other, otherPlace, this.#own, place, width)
    }
  }
}

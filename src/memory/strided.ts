import { copy } from './copy.js'

/**
 * Copies blocks of bytes that lie apart: `blocks` of them, each of `width` bytes, `step` bytes from one to the next where they come from
 * and `leap` where they go to.
 *
 * A call costs more than a short block, whose elements are moved in a loop. Each size of elements has a loop of its own, for one that has
 * met several kinds of arrays is several times slower. Bits are moved and not numbers: V8 keeps those of a NaN.
 */
export function copyBlocks(
  from: Words,
  start: number,
  step: number,
  to: Words,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  const places = blocks === 1 ? start | at | width : start | at | width | step | leap
  const isOfDoubles = (places & 7) === 0
  if (width > (isOfDoubles ? SHORT_OF_DOUBLES : SHORT)) whole(from.bytes, start, step, to.bytes, at, leap, width, blocks)
  else if (isOfDoubles && width >= 64) eights(from.doubles, start / 8, step / 8, to.doubles, at / 8, leap / 8, width / 8, blocks)
  else if (isOfDoubles) doubles(from.doubles, start / 8, step / 8, to.doubles, at / 8, leap / 8, width / 8, blocks)
  else if (width >= 8) unaligned(from.any, start, step, to.any, at, leap, width, blocks)
  else if ((places & 3) === 0) singles(from.words, start / 4, step / 4, to.words, at / 4, leap / 4, blocks)
  else if ((places & 1) === 0) halves(from.halves, start / 2, step / 2, to.halves, at / 2, leap / 2, width / 2, blocks)
  else bytes(from.bytes, start, step, to.bytes, at, leap, width, blocks)
}

/** Blocks up to here are moved by loops: eight doubles at a time take 10 ns, a call for a block some 200. */
const SHORT_OF_DOUBLES = 512
const SHORT = 256

/** A buffer, as elements of every size. */
export class Words {
  readonly bytes: Uint8Array
  #halves: Uint16Array | undefined
  #words: Int32Array | undefined
  #doubles: Float64Array | undefined
  #any: DataView | undefined

  constructor(buffer: ArrayBufferLike) {
    // Of this length for ever, also where the buffer can be resized.
    this.bytes = new Uint8Array(buffer, 0, buffer.byteLength)
  }

  get halves(): Uint16Array {
    this.#halves ??= new Uint16Array(this.bytes.buffer, 0, this.bytes.length >> 1)
    return this.#halves
  }

  get words(): Int32Array {
    this.#words ??= new Int32Array(this.bytes.buffer, 0, Math.floor(this.bytes.length / 4))
    return this.#words
  }

  get doubles(): Float64Array {
    this.#doubles ??= new Float64Array(this.bytes.buffer, 0, Math.floor(this.bytes.length / 8))
    return this.#doubles
  }

  get any(): DataView {
    this.#any ??= new DataView(this.bytes.buffer)
    return this.#any
  }
}

const known = new WeakMap<ArrayBufferLike, Words>()

/** One for all that is copied from or to a buffer. */
export function wordsOf(buffer: ArrayBufferLike): Words {
  let words = known.get(buffer)
  if (words === undefined || words.bytes.length !== buffer.byteLength) {
    words = new Words(buffer)
    known.set(buffer, words)
  }
  return words
}

function whole(
  from: Uint8Array,
  start: number,
  step: number,
  to: Uint8Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  for (let k = 0; k < blocks; k++) copy(from, start + k * step, to, at + k * leap, width)
}

function doubles(
  from: Float64Array,
  start: number,
  step: number,
  to: Float64Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  if (width === 1) {
    for (let k = 0; k < blocks; k++) {
      to[at] = from[start]!
      start += step
      at += leap
    }
    return
  }
  for (let k = 0; k < blocks; k++) {
    for (let i = 0; i < width; i++) to[at + i] = from[start + i]!
    start += step
    at += leap
  }
}

/** Blocks of eight doubles and more: eight are read and then written, a third faster than one by one. */
function eights(
  from: Float64Array,
  start: number,
  step: number,
  to: Float64Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  for (let k = 0; k < blocks; k++) {
    let source = start + k * step
    let target = at + k * leap
    const end = source + width
    for (; source + 8 <= end; source += 8, target += 8) {
      const a = from[source]!
      const b = from[source + 1]!
      const c = from[source + 2]!
      const d = from[source + 3]!
      const e = from[source + 4]!
      const f = from[source + 5]!
      const g = from[source + 6]!
      const h = from[source + 7]!
      to[target] = a
      to[target + 1] = b
      to[target + 2] = c
      to[target + 3] = d
      to[target + 4] = e
      to[target + 5] = f
      to[target + 6] = g
      to[target + 7] = h
    }
    for (; source < end; source++, target++) to[target] = from[source]!
  }
}

function unaligned(
  from: DataView,
  start: number,
  step: number,
  to: DataView,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  const eights = width & ~7
  const fours = width & ~3
  for (let k = 0; k < blocks; k++) {
    for (let i = 0; i < eights; i += 8) to.setFloat64(at + i, from.getFloat64(start + i, true), true)
    if (eights < fours) to.setInt32(at + eights, from.getInt32(start + eights, true), true)
    for (let i = fours; i < width; i++) to.setUint8(at + i, from.getUint8(start + i))
    start += step
    at += leap
  }
}

/** Of 4 bytes: 8 and more are moved as doubles. */
function singles(from: Int32Array, start: number, step: number, to: Int32Array, at: number, leap: number, blocks: number): void {
  for (let k = 0; k < blocks; k++) {
    to[at] = from[start]!
    start += step
    at += leap
  }
}

function halves(
  from: Uint16Array,
  start: number,
  step: number,
  to: Uint16Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  for (let k = 0; k < blocks; k++) {
    for (let i = 0; i < width; i++) to[at + i] = from[start + i]!
    start += step
    at += leap
  }
}

function bytes(
  from: Uint8Array,
  start: number,
  step: number,
  to: Uint8Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  for (let k = 0; k < blocks; k++) {
    for (let i = 0; i < width; i++) to[at + i] = from[start + i]!
    start += step
    at += leap
  }
}

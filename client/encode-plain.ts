import { withArticle } from '../src/codec/article.js'
import { DataCloneError } from '../src/errors.js'

/**
 * Plain data as CBOR (RFC 8949), as a rank takes it from a viewer: numbers, bigints of 64 bits, texts, true, false, null, undefined, byte
 * arrays, and arrays and objects of those. cbor-x's encoder, which writes far more than a rank takes, would add seven times as much to a
 * page.
 */
export function encodePlain(value: unknown): Uint8Array {
  const writer = new Writer()
  writer.write(value, 'data', 0)
  return writer.bytes
}

/** As deep as ranks read. */
const MAX_NESTING = 100

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const SIMPLE = 7
/** The argument is in the next byte, the next 2, 4 or 8. */
const WIDTHS = [24, 25, 26, 27]

class Writer {
  #memory = new Uint8Array(256)
  #end = 0

  get bytes(): Uint8Array {
    return this.#memory.slice(0, this.#end)
  }

  write(value: unknown, path: string, level: number): void {
    switch (typeof value) {
      case 'number':
        return this.#number(value)
      case 'string':
        return this.#octets(TEXT, new TextEncoder().encode(value))
      case 'boolean':
        return this.#head(SIMPLE, value ? 21 : 20)
      case 'undefined':
        return this.#head(SIMPLE, 23)
      case 'bigint':
        return this.#bigint(value, path)
      case 'object':
        if (value === null) return this.#head(SIMPLE, 22)
        if (level === MAX_NESTING) throw refused(path, `it is nested more than ${MAX_NESTING} deep, or holds itself`)
        return this.#object(value, path, level + 1)
    }
    throw refused(path, withArticle(typeof value))
  }

  #object(value: object, path: string, level: number): void {
    if (Array.isArray(value)) {
      this.#head(ARRAY, value.length)
      for (let i = 0; i < value.length; i++) this.write(value[i], `${path}[${i}]`, level)
      return
    }
    if (value instanceof Uint8Array) return this.#octets(BYTES, value)
    const prototype = Object.getPrototypeOf(value)
    // Of another realm's Object, too.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw refused(path, `an instance of ${prototype.constructor?.name ?? 'a class'}`)
    }
    const entries = Object.entries(value)
    this.#head(MAP, entries.length)
    for (const [key, held] of entries) {
      this.#octets(TEXT, new TextEncoder().encode(key))
      this.write(held, `${path}.${key}`, level)
    }
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 32 && !Object.is(value, -0)) {
      return value < 0 ? this.#head(NEGATIVE, -1 - value) : this.#head(UNSIGNED, value)
    }
    this.#room(9)
    this.#memory[this.#end] = (SIMPLE << 5) | WIDTHS[3]!
    new DataView(this.#memory.buffer).setFloat64(this.#end + 1, value)
    this.#end += 9
  }

  #bigint(value: bigint, path: string): void {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) throw refused(path, 'a bigint of more than 64 bits')
    this.#room(9)
    this.#memory[this.#end] = ((value < 0n ? NEGATIVE : UNSIGNED) << 5) | WIDTHS[3]!
    new DataView(this.#memory.buffer).setBigUint64(this.#end + 1, value < 0n ? -1n - value : value)
    this.#end += 9
  }

  #octets(major: number, octets: Uint8Array): void {
    this.#head(major, octets.length)
    this.#room(octets.length)
    this.#memory.set(octets, this.#end)
    this.#end += octets.length
  }

  /** `argument` is less than 2³². */
  #head(major: number, argument: number): void {
    this.#room(5)
    const width = argument < 24 ? 0 : argument < 2 ** 8 ? 1 : argument < 2 ** 16 ? 2 : 4
    this.#memory[this.#end++] = (major << 5) | (width === 0 ? argument : WIDTHS[Math.log2(width)]!)
    for (let shift = width * 8 - 8; shift >= 0; shift -= 8) this.#memory[this.#end++] = argument >>> shift
  }

  #room(more: number): void {
    if (this.#end + more <= this.#memory.length) return
    const larger = new Uint8Array(2 * (this.#end + more))
    larger.set(this.#memory)
    this.#memory = larger
  }
}

const refused = (path: string, what: string): DataCloneError =>
  new DataCloneError(
    `${path}: ${what} cannot be sent by a viewer; send numbers, texts, true, false, null, arrays and objects of those, or one typed array`
  )

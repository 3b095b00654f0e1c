import { type BufferLike, datatypeOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { giveScratch, takeScratch, unfilled } from '../../memory/scratch.js'
import { type AnyOp, foldArrays, isTypedArray, mayChange, type TypedArray } from '../../op/op.js'
import type { Incoming } from '../../progress/incoming.js'
import { ABSENT, NOTHING } from '../definition.js'
import { type Links, NO_SHAPE, type Unit } from '../steps.js'
import { cutOf } from './blocks.js'

export interface Details {
  /** Where the result of an array is to be: a typed array of its kind, that has been checked. */
  readonly into?: BufferLike | undefined
  /** What all ranks' must have in common; by default the kind and number of elements. */
  readonly shape?: number
  /** What combines two values that are no typed arrays, and changes neither; by default the op. */
  readonly whole?: AnyOp['combine']
  /** What comes of it here is passed on only: the memory is given back by `pass`. */
  readonly passing?: boolean
}

/** A rank's value on its way through a reduction: first what the rank has given, then that combined with what others have. */
export class Accumulator implements Unit {
  pending = 0
  readonly #op: AnyOp
  readonly #whole: AnyOp['combine'] | undefined
  readonly #into: TypedArray | undefined
  readonly #passing: boolean
  /** What the rank has given. */
  readonly given: unknown
  #value: unknown
  #present: boolean
  /** The value is the caller's own, and the op may change what it is given. */
  #borrowed: boolean
  #shape: number
  /** The array that the ranks' are combined in; until then it is the rank's own that counts. */
  #out: TypedArray | undefined

  constructor(data: unknown, op: AnyOp, { into, shape = shapeOf(data), whole, passing = false }: Details = {}) {
    this.given = data
    this.#value = data
    this.#present = data !== ABSENT
    this.#borrowed = typeof data === 'object' && whole === undefined && mayChange(op)
    this.#shape = shape
    this.#op = op
    this.#whole = whole
    this.#into = into as TypedArray | undefined
    this.#passing = passing
  }

  /** Of what was given, in one number: all ranks' must be the same. */
  get shape(): number {
    return this.#shape
  }

  /** Whether there is anything: the rank, or one it has heard from, has given a value. */
  get present(): boolean {
    return this.#present
  }

  get value(): unknown {
    return this.#value
  }

  /** The run of the array that begins with element `first`; without an `end` the whole. */
  run(first = 0, end = this.#array.length): TypedArray {
    const array = this.#array
    return first === 0 && end === array.length ? array : (array.subarray(first, end) as TypedArray)
  }

  get length(): number {
    return this.#array.length
  }

  /** Sends what there is so far. */
  send(links: Links, to: number): void {
    // What the rank has given does not change where the ranks' are combined elsewhere.
    if (isTypedArray(this.#value) && !isSame(this.#value, this.#output())) this.handOver(links, to)
    else if (this.#present) links.sendValue(this, to, this.#value, this.shape)
    else links.send(this, to, OBJECT, nothing, NO_SHAPE)
  }

  /** The same, where an array's memory does not change until the round is over. */
  handOver(links: Links, to: number): void {
    this.sendPart(links, to, this.#value)
  }

  /** Sends a run of an array; its memory must not change until the partner has answered. */
  sendRun(links: Links, to: number, first: number, end: number): void {
    this.sendPart(links, to, this.run(first, end))
  }

  /** The same of what has been combined. */
  sendCombined(links: Links, to: number, first: number, end: number): void {
    this.sendPart(links, to, this.#output().subarray(first, end))
  }

  /** The same of what `split` has given; nothing where there is nothing. */
  sendPart(links: Links, to: number, part: unknown): void {
    if (!this.#present) links.send(this, to, OBJECT, nothing, NO_SHAPE)
    else if (!isTypedArray(part)) links.sendValue(this, to, part, this.shape)
    else links.send(this, to, datatypeOf(part), new Uint8Array(part.buffer, part.byteOffset, part.byteLength), this.shape, true)
  }

  /** Has the data that comes combined with what there is from element `first` on. `lower`: it comes from lower ranks. */
  pourInto(message: Incoming, lower: boolean, first = 0): void {
    if (!this.#present || message.shape === NO_SHAPE || !isTypedArray(this.#value)) return
    const own = this.#value
    const out = this.#output()
    const code = datatypeOf(own)
    const size = own.BYTES_PER_ELEMENT
    const start = first * size
    message.pour((bytes, from, at, count) => {
      const theirs = valueOn(code, bytes.buffer as ArrayBuffer, bytes.byteOffset + from, count) as TypedArray
      const mine = runOf(own, code, start + at, count)
      const target = runOf(out, code, start + at, count)
      foldArrays(this.#op, target, lower ? theirs : mine, lower ? mine : theirs)
    })
  }

  /** What came has been combined, or is to be. */
  combine(message: Incoming, lower: boolean): void {
    if (message.shape === NO_SHAPE) return
    if (!this.#present) return this.replace(message)
    if (this.#out !== undefined) this.#value = this.#out
    else this.fold(message.value(), lower)
  }

  /** Combines a whole value with what there is. `lower`: it is of lower ranks. */
  fold(theirs: unknown, lower: boolean, shape = this.#shape): void {
    if (!this.#present) {
      this.#shape = shape
      this.#present = true
      this.#value = theirs
      return
    }
    const mine = this.#ownValue()
    if (isTypedArray(mine)) {
      const out = this.#output()
      foldArrays(this.#op, out, (lower ? theirs : mine) as TypedArray, (lower ? mine : theirs) as TypedArray)
      this.#value = out
    } else {
      this.#value = lower ? this.#combined(theirs, mine) : this.#combined(mine, theirs)
    }
  }

  /** Receives elements from `first` on as they are. */
  land(message: Incoming, first = 0): void {
    if (!this.#present || !isTypedArray(this.#value) || message.shape === NO_SHAPE) return
    const out = this.#output()
    message.redirect(new Uint8Array(out.buffer, out.byteOffset + first * out.BYTES_PER_ELEMENT, message.bytes))
  }

  /** What came is the result. */
  replace(message: Incoming): void {
    if (message.shape === NO_SHAPE) return
    if (!this.#present) this.#shape = message.shape
    this.#present = true
    this.#value = this.#out ?? message.value()
  }

  /** Goes on with only those elements, or with the same in another order: values on memory of their own. */
  become(value: unknown): void {
    this.#present = true
    this.#value = value
    this.#out = isTypedArray(value) ? value : undefined
  }

  /** Cuts an array in two by these weights and goes on with one part; the other. */
  split(first: number, last: number, keepsFirst: boolean): unknown {
    if (!this.#present) return undefined
    const cut = first === 0 ? 0 : ((this.#value as ArrayLike<unknown>).length * first) / (first + last)
    const [lower, upper] = [cutOf(this.#value, 0, cut), cutOf(this.#value, cut)]
    this.#value = keepsFirst ? lower : upper
    if (this.#out !== undefined) this.#out = this.#value as TypedArray
    return keepsFirst ? upper : lower
  }

  /** What there is in the end, on memory of its own. */
  get result(): unknown {
    if (!this.#present) return NOTHING
    if (typeof this.#value === 'number') return this.#value
    if (!isTypedArray(this.#value)) return this.#value === this.given ? copyOf(this.#value) : this.#value
    const out = this.#output()
    if (out !== this.#value && !isSame(out, this.#value)) out.set(this.#value as never)
    return this.#into ?? out
  }

  /** It has gone on to another rank. */
  pass(): void {
    if (this.#passing && this.#out !== undefined) giveScratch(this.#out.buffer as ArrayBuffer)
    this.#out = undefined
  }

  #ownValue(): unknown {
    if (!this.#borrowed) return this.#value
    this.#borrowed = false
    // Of typed arrays each op gets copies anyway.
    if (!isTypedArray(this.#value)) this.#value = copyOf(this.#value)
    return this.#value
  }

  #combined(a: unknown, b: unknown): unknown {
    return this.#whole === undefined ? this.#op.combine(a as never, b as never) : this.#whole(a as never, b as never)
  }

  get #array(): TypedArray {
    return this.#value as TypedArray
  }

  #output(): TypedArray {
    if (this.#out === undefined) {
      const own = this.#array
      this.#out = this.#into === undefined ? this.#memoryFor(own) : runOf(this.#into, datatypeOf(own), 0, own.byteLength)
    }
    return this.#out
  }

  #memoryFor(array: TypedArray): TypedArray {
    const { byteLength } = array
    const buffer = this.#passing ? takeScratch(byteLength) : unfilled(byteLength)
    return valueOn(datatypeOf(array), buffer, 0, byteLength) as TypedArray
  }
}

/** The kind and number of a value's elements, in one number. */
export function shapeOf(data: unknown): number {
  if (data === ABSENT) return NO_SHAPE
  if (typeof data === 'number') return NUMBER
  return isTypedArray(data) ? (data.length * KINDS + datatypeOf(data)) | 0 : OBJECT
}

/** Objects of their own: a rank that is alone would else get what it gave. */
export const copyOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? decodeObject(encodeObject(value).slice()) : value

/** Those bytes of an array: itself where they are all, for making another takes as long as adding a few elements. */
export const runOf = (array: TypedArray, code: number, at: number, count: number): TypedArray =>
  count === array.byteLength ? array : (valueOn(code, array.buffer as ArrayBuffer, array.byteOffset + at, count) as TypedArray)

const isSame = (one: TypedArray, other: TypedArray): boolean => one.buffer === other.buffer && one.byteOffset === other.byteOffset

const KINDS = 32
const nothing = new Uint8Array(0)

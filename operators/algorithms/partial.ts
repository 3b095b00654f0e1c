import { datatypeOf, NUMBER, OBJECT, valueOn } from '../../src/codec/datatype.js'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { type Links, NO_SHAPE, type Unit } from '../../src/collective/links.js'
import { ABSENT, NOTHING } from '../../src/collective/spec.js'
import { type Incoming, unfilled } from '../../src/incoming.js'
import { type AnyOp, foldArrays, isTypedArray, type TypedArray } from '../../src/op.js'

/** A rank's value on its way through a reduction: first what the rank has given, then that combined with what others have. */
export class Partial implements Unit {
  pending = 0
  readonly #op: AnyOp
  readonly #into: TypedArray | undefined
  #value: unknown
  #present: boolean
  /** The array that the ranks' are combined in; until then it is the rank's own that counts. */
  #out: TypedArray | undefined

  constructor(data: unknown, op: AnyOp, into: TypedArray | undefined) {
    this.#value = data
    this.#present = data !== ABSENT
    this.#op = op
    this.#into = into
  }

  /** The kind and number of its elements, in one number: all ranks' must be the same. */
  get shape(): number {
    if (!this.#present) return NO_SHAPE
    if (typeof this.#value === 'number') return NUMBER
    return isTypedArray(this.#value) ? (this.#value.length * KINDS + datatypeOf(this.#value)) | 0 : OBJECT
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
    if (this.#present) links.sendValue(this, to, this.#value, this.shape)
    else links.send(this, to, OBJECT, nothing, NO_SHAPE)
  }

  /** The same, where an array's memory does not change until the round is over. */
  handOver(links: Links, to: number): void {
    if (this.#present && isTypedArray(this.#value)) this.sendRun(links, to, 0, this.length)
    else this.send(links, to)
  }

  /** Sends a run of an array; its memory must not change until the partner has answered. */
  sendRun(links: Links, to: number, first: number, end: number): void {
    const run = this.run(first, end)
    links.send(this, to, datatypeOf(run), new Uint8Array(run.buffer, run.byteOffset, run.byteLength), this.shape, true)
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
      const mine = valueOn(code, own.buffer as ArrayBuffer, own.byteOffset + start + at, count) as TypedArray
      const target = valueOn(code, out.buffer as ArrayBuffer, out.byteOffset + start + at, count) as TypedArray
      foldArrays(this.#op, target, lower ? theirs : mine, lower ? mine : theirs)
    })
  }

  /** What came has been combined, or is to be. */
  combine(message: Incoming, lower: boolean): void {
    if (message.shape === NO_SHAPE) return
    if (!this.#present) return this.replace(message)
    if (this.#out !== undefined) {
      this.#value = this.#out
      return
    }
    const theirs = message.value() as never
    const mine = this.#value as never
    this.#value = lower ? this.#op.combine(theirs, mine) : this.#op.combine(mine, theirs)
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
    this.#present = true
    this.#value = this.#out ?? message.value()
  }

  /** What there is in the end, on memory of its own. */
  get result(): unknown {
    if (!this.#present) return NOTHING
    if (typeof this.#value === 'number' || !isTypedArray(this.#value)) return this.#value
    const out = this.#output()
    if (out !== this.#value && !isSame(out, this.#value)) out.set(this.#value as never)
    return this.#into ?? out
  }

  get #array(): TypedArray {
    return this.#value as TypedArray
  }

  #output(): TypedArray {
    if (this.#out === undefined) {
      const own = this.#array
      this.#out = this.#into?.subarray(0, own.length) ?? (valueOn(datatypeOf(own), unfilled(own.byteLength)) as TypedArray)
    }
    return this.#out
  }
}

/** Objects of their own: a rank that is alone would else get what it gave. */
export const copyOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? decodeObject(encodeObject(value).slice()) : value

const isSame = (one: TypedArray, other: TypedArray): boolean => one.buffer === other.buffer && one.byteOffset === other.byteOffset

const KINDS = 32
const nothing = new Uint8Array(0)

import { elementSize, valueOn } from '../codec/datatype.js'
import type { Memory } from '../memory/copy.js'
import { block, eachRun, type Form, shift } from '../memory/form.js'
import { Runs } from '../memory/runs.js'
import { isBigint, isFloating } from '../op/kind.js'
import type { TypedArray } from '../op/op.js'
import { predefined } from '../op/op.js'
import type { PredefinedName } from '../op/predefined.js'
import { changeOf, combineOf } from './atomic.js'
import { STRIPE_BYTES } from './control.js'
import type { Part } from './part.js'

export const PUT = 0
export const GET = 1
export const ACCUMULATE = 2
export const GET_ACCUMULATE = 3
export const COMPARE_AND_SWAP = 4

/** What is done to a part. */
export interface Operation {
  readonly kind: number
  /** The bytes that are meant: `bytes` from `offset` on, or those of a form. */
  readonly offset: number
  readonly bytes: number
  readonly form: Form | null
  /** Of the atomic ones: the type of elements, and how they change. */
  readonly code: number
  readonly op: PredefinedName
}

/**
 * Does a piece of an operation to a part whose memory is here: the one way, for ranks that share it, for a rank's own, and for those who
 * ask by message. `from`: the first byte of the piece, of the operation's bytes as they lie packed. `data` is what comes, as long as the
 * piece, of `COMPARE_AND_SWAP` what is expected and the new value; `into` where goes what was there.
 */
export function apply(part: Part, operation: Operation, from: number, data: Memory | undefined, into: Memory | undefined): void {
  const { kind } = operation
  const bytes = (data ?? into)!.byteLength
  if (kind === PUT) runsOf(part, operation).scatter(from, bytes, data!, 0)
  else if (kind === GET) runsOf(part, operation).gather(from, bytes, into!, 0)
  else if (kind === COMPARE_AND_SWAP) swap(part, operation, data!, into!)
  else change(part, operation, from, data!, into)
}

/** What an operation is about, as memory in pieces. */
export function runsOf(part: Part, { form, offset, bytes }: Operation): Runs {
  return new Runs(part.memory!, form ?? shift(block(bytes), offset))
}

function change(part: Part, operation: Operation, from: number, data: Memory, into: Memory | undefined): void {
  const { form, code, op, offset } = operation
  const elements = typed(code, data)
  const before = into && typed(code, into)
  const size = elementSize(code)
  if (form === null) return accumulate(part, code, op, offset + from, elements, before)
  // Of a long form only the runs of this piece.
  let place = 0
  const end = from + data.byteLength
  eachRun(form, (start, length) => {
    const first = Math.max(place, from)
    const last = Math.min(place + length, end)
    if (first < last) {
      const [a, b] = [(first - from) / size, (last - from) / size]
      accumulate(part, code, op, start + first - place, elements.subarray(a, b), before?.subarray(a, b))
    }
    place += length
  })
}

/** Changes elements in a row, from a byte of the part on. */
export function accumulate(part: Part, code: number, name: PredefinedName, offset: number, data: TypedArray, before?: TypedArray): void {
  const atomics = part.atomics
  if (atomics !== undefined && part.code === code) {
    const change = changeOf(name, part.isBigint)
    const start = offset / elementSize(code)
    for (let k = 0; k < data.length; k++) {
      const was = change(atomics, start + k, data[k] as never)
      if (before !== undefined) before[k] = was
    }
    return
  }
  if (data.length === 1) {
    const was = fetchAndOp(part, code, offset, name, data[0]!)
    if (before !== undefined) before[0] = was
    return
  }
  const { control } = part
  if (control === undefined) return plainFold(part, code, name, offset, data, before)
  const size = elementSize(code)
  for (let k = 0; k < data.length; ) {
    const place = offset + k * size
    const end = Math.min(data.length, k + Math.ceil((STRIPE_BYTES - (place % STRIPE_BYTES)) / size))
    const stripe = control.seize(place)
    try {
      plainFold(part, code, name, place, data.subarray(k, end), before?.subarray(k, end))
    } finally {
      control.release(stripe)
    }
    k = end
  }
}

/** The same where nobody else changes them meanwhile. */
function plainFold(part: Part, code: number, name: PredefinedName, offset: number, data: TypedArray, before: TypedArray | undefined): void {
  if (data.length === 0) return
  const { buffer, byteOffset } = part.memory!
  const place = byteOffset + offset
  const op = predefined(name)
  if (place % elementSize(code) === 0) {
    const here = valueOn(code, buffer as ArrayBuffer, place, data.byteLength) as TypedArray
    before?.set(here as never)
    op.fold(here, here, data)
    return
  }
  const copy = valueOn(code, new ArrayBuffer(data.byteLength)) as TypedArray
  const bytes = new Uint8Array(copy.buffer)
  const there = new Uint8Array(buffer, place, data.byteLength)
  bytes.set(there)
  before?.set(copy as never)
  op.fold(copy, copy, data)
  there.set(bytes)
}

function swap(part: Part, { code, offset }: Operation, data: Memory, into: Memory): void {
  const [expected, value] = typed(code, data) as unknown as [number | bigint, number | bigint]
  typed(code, into)[0] = compareAndSwap(part, code, offset, expected, value)
}

/** What was there: it was swapped if that equals `expected`. */
export function compareAndSwap(
  part: Part,
  code: number,
  offset: number,
  expected: number | bigint,
  value: number | bigint
): number | bigint {
  const { atomics } = part
  if (atomics !== undefined && part.code === code) {
    return Atomics.compareExchange(atomics as Int32Array, offset / elementSize(code), expected as number, value as number)
  }
  const fixed = valueOn(code, new ArrayBuffer(elementSize(code))) as TypedArray
  fixed[0] = expected
  const wanted = fixed[0]!
  return changeOne(part, code, offset, (was) => (was === wanted ? value : undefined))
}

/** One element changes by an op; what was there. */
export function fetchAndOp(part: Part, code: number, offset: number, name: PredefinedName, value: number | bigint): number | bigint {
  const { atomics } = part
  if (atomics !== undefined && part.code === code) return changeOf(name, part.isBigint)(atomics, offset / elementSize(code), value as never)
  if (name === 'NO_OP') return changeOne(part, code, offset, () => undefined)
  const combine = combineOf(name, isBigint(code), isFloating(code))
  return changeOne(part, code, offset, (was) => combine(was as never, value as never))
}

/** Puts what `next` says in the place of one element, while nobody else changes it. */
function changeOne(part: Part, code: number, offset: number, next: (was: number | bigint) => number | bigint | undefined): number | bigint {
  const stripe = part.control?.seize(offset)
  try {
    const isTyped = part.elements !== undefined && part.code === code
    const array = isTyped ? part.elements! : elementAt(part, code, offset)
    const index = isTyped ? offset / elementSize(code) : 0
    const was = array[index]!
    const then = next(was)
    if (then !== undefined) {
      array[index] = then
      if (array.buffer !== part.memory!.buffer) putBack(part, offset, array)
    }
    return was
  } finally {
    if (stripe !== undefined) part.control!.release(stripe)
  }
}

/** An element, in place where it can be. */
function elementAt(part: Part, code: number, offset: number): TypedArray {
  const { buffer, byteOffset } = part.memory!
  const place = byteOffset + offset
  const size = elementSize(code)
  if (place % size === 0) return valueOn(code, buffer as ArrayBuffer, place, size) as TypedArray
  const copy = new Uint8Array(size)
  copy.set(new Uint8Array(buffer, place, size))
  return valueOn(code, copy.buffer) as TypedArray
}

function putBack(part: Part, offset: number, { buffer }: TypedArray): void {
  const bytes = new Uint8Array(buffer)
  new Uint8Array(part.memory!.buffer, part.memory!.byteOffset + offset, bytes.length).set(bytes)
}

/** Memory as elements; what does not lie on their boundaries is copied. */
function typed(code: number, { buffer, byteOffset, byteLength }: Memory): TypedArray {
  if (byteOffset % elementSize(code) === 0) return valueOn(code, buffer as ArrayBuffer, byteOffset, byteLength) as TypedArray
  const copy = new Uint8Array(byteLength)
  copy.set(new Uint8Array(buffer, byteOffset, byteLength))
  return valueOn(code, copy.buffer) as TypedArray
}

/** What a value must be to stand for an element. */
export const isValueOf = (code: number, value: unknown): value is number | bigint => typeof value === (isBigint(code) ? 'bigint' : 'number')

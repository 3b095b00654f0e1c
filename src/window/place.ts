import { elementSize, RECORDS } from '../codec/datatype.js'
import { shown } from '../diagnostics/arguments.js'
import { CountError, DatatypeError } from '../errors.js'
import { BYTE } from '../layout/basic.js'
import { compile } from '../layout/compile.js'
import { checkOf, type Layout } from '../layout/layout.js'
import type { Signature } from '../layout/signature.js'
import { layoutOf } from '../layout/view.js'
import { boundsOf, bytesIn, type Form, repeat, shift } from '../memory/form.js'
import type { Part } from './part.js'

/** Which bytes of a part are meant. */
export interface Place {
  /** The first, where they are in a row. */
  readonly offset: number
  readonly bytes: number
  /** Which, where they are not. */
  readonly form: Form | null
  /** From which element on, and how many elements from there to the end. */
  readonly at: number
  readonly span: number
  /** Of what is meant; of bytes that may be anything, undefined. */
  readonly signature: Signature | undefined
}

export function checkAt(at: unknown): asserts at is number {
  if (Number.isSafeInteger(at) && (at as number) >= 0) return
  throw new CountError(`at: expected an integer from 0 to 2⁵³-1, got ${shown(at)}`)
}

/** So many elements of a part, from one on. */
export function rowIn(part: Part, at: number, count: number): Place {
  checkAt(at)
  if (at + count > part.length) throw outside(part, at, at + count)
  const { bytes, signature } = part.unit
  if (part.isRecords) {
    // What lies between their fields does not travel.
    const form = shift(repeat(part.unit.form, count, bytes), at * bytes)
    return { offset: 0, bytes: bytesIn(form), form, at, span: count, signature: signature.repeat(count) }
  }
  return {
    offset: at * bytes,
    bytes: count * bytes,
    form: null,
    at,
    span: count,
    signature: part.isBytes ? undefined : signature.repeat(count)
  }
}

/** What a layout picks of a part, laid over it from an element on, `count` times. */
export function laidOver(part: Part, at: number, layout: Layout, count: number): Place {
  checkAt(at)
  checkOf(layout, 'layout')
  const { unit } = part
  const item = compile(layoutOf(layout), unit)
  const form = shift(repeat(item.form, count, item.extent), at * unit.bytes)
  const [start, end] = boundsOf(form)
  if (start < 0 || end > part.byteLength) throw outside(part, Math.floor(start / unit.bytes), Math.ceil(end / unit.bytes))
  const isRow = form.loops.length === 0 && form.offsets.length <= 1
  const first = Math.floor(start / unit.bytes)
  return {
    offset: isRow ? start : 0,
    bytes: bytesIn(form),
    form: isRow ? null : form,
    at: first,
    span: Math.ceil(end / unit.bytes) - first,
    signature: item.signature.repeat(count)
  }
}

function outside(part: Part, first: number, end: number): CountError {
  const what = part.isRecords ? 'record' : part.isBytes ? 'byte' : 'element'
  const reach = end - first > 1 ? `${what}s ${first} … ${end - 1} are` : `${what} ${first} is`
  return new CountError(`at: ${reach} outside the part of rank ${part.rank}, which has ${part.length} ${what}s`)
}

/** Throws where what is given is not what the place holds. */
export function checkMatch(part: Part, { signature, bytes }: Place, given: Signature, name: string): void {
  if (signature === undefined || (bytes === 0 && given.bytes === 0)) return
  if (signature.rootText !== given.rootText) {
    throw new DatatypeError(`${name}: ${given} do not match what is meant of the part of rank ${part.rank}, ${signature}`)
  }
  if (signature.times !== given.times) {
    throw new CountError(
      `${name}: it has ${given.elements} elements, ${signature.elements} are meant of the part of rank ${part.rank}; give as many`
    )
  }
}

/** The type of elements of an atomic call; throws where it cannot be one. */
export function atomicType(part: Part, place: Place, given: Signature): number {
  if (part.isRecords) {
    throw new DatatypeError(`target: the part of rank ${part.rank} has records, on which nothing is atomic; use put and get under a lock`)
  }
  const code = given.bytes === 0 ? BYTE : given.datatype
  if (code === RECORDS) throw new DatatypeError(`data: ${given} are of several types; an atomic call takes elements of one`)
  const size = elementSize(code)
  if (place.form === null ? place.offset % size !== 0 : !isAligned(place.form, size)) {
    throw new CountError(`at: an atomic call on elements of ${size} bytes begins at a multiple of these, not at byte ${place.offset}`)
  }
  return code
}

function isAligned({ loops, offsets, lengths }: Form, size: number): boolean {
  for (const { stride } of loops) if (stride % size !== 0) return false
  for (let k = 0; k < offsets.length; k++) if (offsets[k]! % size !== 0 || lengths[k]! % size !== 0) return false
  return true
}

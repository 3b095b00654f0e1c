import { BUFFER, type BufferLike, datatypeOf, elementSize, OBJECT, valueOn } from '../codec/datatype.js'
import { checkAttached, shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import type { Unit } from '../layout/compile.js'
import { structForm } from '../layout/compile.js'
import type { StructLayout } from '../layout/layout.js'
import { Records } from '../layout/records.js'
import { Signature } from '../layout/signature.js'
import type { FieldTypes, Struct } from '../layout/struct.js'
import type { Viewed } from '../layout/view.js'
import type { Memory } from '../memory/copy.js'
import { block } from '../memory/form.js'
import { counting } from '../memory/shared-buffer.js'
import { isBigint, isFloating } from '../op/kind.js'
import type { TypedArray } from '../op/op.js'
import type { AtomicArray } from './atomic.js'
import type { Control } from './control.js'

/** Whether a part is on memory that its host's ranks share. */
export type PartKind = 'shared' | 'private'

/** A part as its rank tells of it. */
export interface PartSay {
  readonly kind: PartKind
  /** What its memory is, by its code on the wire; of records it is an object. */
  readonly datatype: number
  readonly length: number
  /** Where it begins in its buffer. */
  readonly offset: number
  readonly struct: StructLayout | null
  /** Where processes of its machine reach it, and what they must know of it beside its data. */
  readonly place?: unknown
}

const BYTES = 2
const CLAMPED = 3
const ARRAY_BUFFER = 14

/** What is told of memory. Throws what is wrong with it. */
export function sayOf(memory: Viewed | undefined): PartSay {
  if (memory === undefined) return { kind: 'private', datatype: BYTES, length: 0, offset: 0, struct: null }
  if (memory instanceof Records) {
    const { struct, length, byteOffset, buffer } = memory
    if (memory.isDetached) throw new ArgumentError('memory: the buffer of the records is detached (it was transferred away)')
    return { kind: kindOf(buffer), datatype: OBJECT, length, offset: byteOffset, struct: struct as unknown as StructLayout }
  }
  const datatype = datatypeOf(memory)
  if (datatype === OBJECT) {
    throw new ArgumentError(
      `memory: expected a typed array, DataView, Buffer, ArrayBuffer, SharedArrayBuffer or records, got ${shown(memory)}`
    )
  }
  checkAttached(memory as BufferLike, 'memory')
  const { buffer, byteOffset, byteLength } = viewed(memory as BufferLike)
  return { kind: kindOf(buffer), datatype, length: byteLength / sizeIn(datatype), offset: byteOffset, struct: null }
}

const kindOf = (buffer: ArrayBufferLike): PartKind => (buffer instanceof SharedArrayBuffer ? 'shared' : 'private')

const viewed = (memory: BufferLike | Records): Memory =>
  ArrayBuffer.isView(memory) || memory instanceof Records ? memory : { buffer: memory, byteOffset: 0, byteLength: memory.byteLength }

/** Bytes of an element; of memory without a type 1. */
const sizeIn = (datatype: number): number => (datatype < BUFFER ? elementSize(datatype) : 1)

/** One rank's memory in a window, as a rank knows it that may have it only by message. */
export class Part {
  readonly rank: number
  readonly kind: PartKind
  /** Elements; of records, records. */
  readonly length: number
  readonly byteLength: number
  readonly unit: Unit
  /** The code of its elements' type; of records that of bytes. */
  readonly code: number
  readonly struct: StructLayout | undefined
  /** Of what its elements are. */
  readonly isInteger: boolean
  readonly isBigint: boolean
  /** Where it can be loaded from and stored to by this rank. */
  memory: Memory | undefined
  /** Where this rank acts on it by itself, and other threads do too. */
  control: Control | undefined
  /** The same as what its rank has given, where it can be loaded from and stored to. */
  value: Viewed | undefined
  /** Its elements, where they are shared with other threads. */
  elements: TypedArray | undefined
  /** The same, if the engine changes such at once. */
  atomics: AtomicArray | undefined
  /** The kind of array that goes there as it is. */
  type: unknown
  /** Where processes of its machine reach it. */
  readonly place: unknown
  /** It is no more. */
  isEnded = false
  readonly #datatype: number
  #offset: number

  constructor(rank: number, { kind, datatype, length, offset, struct, place }: PartSay) {
    this.rank = rank
    this.place = place
    this.kind = kind
    this.length = length
    this.struct = struct ?? undefined
    this.#datatype = datatype
    this.#offset = offset
    this.code = datatype < BUFFER && datatype !== OBJECT ? datatype : BYTES
    this.isInteger = !isFloating(this.code)
    this.isBigint = isBigint(this.code)
    if (struct === null) {
      const bytes = sizeIn(datatype)
      this.unit = { bytes, form: block(bytes), signature: Signature.of(this.code), kind: this.code === BYTES ? 'bytes' : 'elements' }
    } else this.unit = { bytes: struct.extent, kind: 'records', ...structForm(struct) }
    this.byteLength = this.unit.bytes * length
  }

  get isRecords(): boolean {
    return this.unit.kind === 'records'
  }

  get isBytes(): boolean {
    return this.unit.kind === 'bytes'
  }

  /** Its memory is this. */
  own(memory: Viewed | undefined): void {
    this.value = memory ?? new Uint8Array(0)
    this.memory = viewed(this.value as BufferLike)
  }

  /** Where it begins in its buffer, where its rank could not tell. */
  begins(offset: number): void {
    this.#offset = offset
  }

  /** Its memory is in this buffer. */
  lies(buffer: ArrayBufferLike): void {
    counting(buffer)
    const { byteLength } = this
    this.memory = { buffer, byteOffset: this.#offset, byteLength }
    if (this.struct !== undefined) {
      const bytes = new Uint8Array(buffer, this.#offset, byteLength)
      this.value = new Records(this.struct as unknown as Struct<FieldTypes>, bytes, this.length)
    } else if (this.#datatype === ARRAY_BUFFER) this.value = buffer as unknown as BufferLike
    else this.value = valueOn(this.#datatype, buffer as unknown as ArrayBuffer, this.#offset, byteLength)
  }

  /** From now on this rank acts on it by itself. */
  reach(control: Control): void {
    this.control = control
    const { buffer, byteOffset, byteLength } = this.memory!
    if (!this.isRecords && byteLength < 2 ** 32) {
      this.elements = valueOn(this.code, buffer as ArrayBuffer, byteOffset, byteLength) as TypedArray
      this.type = this.elements.constructor
      if (isAtomic(this.code)) this.atomics = this.elements as AtomicArray
    }
  }
}

/** Whether the engine changes elements of a type at once: integers that do not clamp. */
export const isAtomic = (code: number): boolean => code !== CLAMPED && !isFloating(code)

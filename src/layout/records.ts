import { inspect } from 'node:util'
import { lossOf } from '../codec/datatype.js'
import { REFUSAL } from '../codec/refusal.js'
import { CountError } from '../errors.js'
import { repeat } from '../memory/form.js'
import { Runs } from '../memory/runs.js'
import { checkCount } from './check.js'
import { structForm, type Unit } from './compile.js'
import { here } from './here.js'
import type { StructLayout } from './layout.js'
import { assignFields, type LiveRecord, PLAIN, type RecordClass, recordClassOf } from './live-record.js'
import { Pickable, type Picked, pick } from './picked.js'
import { type Store, storeOn } from './store.js'
import type { FieldTypes, RecordOf, Struct } from './struct.js'

/** What `set` takes of a record: some of its fields; of arrays as many elements as are given. */
export type RecordInit<R> = {
  [K in keyof R]?: R[K] extends { readonly BYTES_PER_ELEMENT: number; [Symbol.iterator](): Iterator<infer E> }
    ? ArrayLike<E>
    : R[K] extends readonly (infer E)[]
      ? readonly RecordInit<E>[]
      : R[K] extends number | bigint
        ? R[K]
        : RecordInit<R[K]>
}

/** Records of a struct in memory: as a typed array is of numbers. What travels is their fields, not the padding between. */
export class Records<F extends FieldTypes = FieldTypes> extends Pickable implements Iterable<RecordOf<F>> {
  /** What each of them is. */
  readonly struct: Struct<F>
  /** How many there are. */
  readonly length: number
  readonly #memory: Uint8Array
  #picked: Picked | undefined
  #unit: Unit | undefined
  readonly #store: Store
  readonly #record: RecordClass

  /** @internal */
  constructor(struct: Struct<F>, memory: Uint8Array, length: number) {
    super()
    this.struct = struct
    this.#memory = memory
    this.length = length
    const { alignment } = struct
    this.#store = storeOn(memory.buffer)
    this.#record = recordClassOf(struct as unknown as StructLayout, memory.byteOffset % alignment === 0)
  }

  /** Bytes that travel: those of the fields. */
  get bytes(): number {
    return this.length * this.struct.size
  }

  /** The memory that they are in. */
  get buffer(): ArrayBufferLike {
    return this.#memory.buffer
  }

  /** Where the first begins in the buffer. */
  get byteOffset(): number {
    return this.#memory.byteOffset
  }

  /** Bytes from the first to the end of the last, with their padding. */
  get byteLength(): number {
    return this.length * this.struct.extent
  }

  /** One record, live: what is written to its fields is written to the memory. Errors: CountError. */
  get(index: number): RecordOf<F> {
    if (!(index >= 0 && index < this.length && Number.isInteger(index))) throw this.#outside(index)
    return new this.#record(this.#store, this.#memory.byteOffset + index * this.struct.extent) as unknown as RecordOf<F>
  }

  /** Writes some fields of a record. Errors: CountError; ArgumentError for a field that there is not. */
  set(index: number, fields: RecordInit<RecordOf<F>>): void {
    here(() => assignFields(this.get(index) as unknown as LiveRecord, this.struct as unknown as StructLayout, fields, 'fields'))
  }

  /** Those from `start` to before `end`, in the same memory; less than nothing counts from the end, as of arrays. */
  subarray(start = 0, end = this.length): Records<F> {
    const place = (index: number): number => Math.min(this.length, Math.max(0, index < 0 ? this.length + index : index))
    const [from, to] = [place(Math.trunc(start)), place(Math.trunc(end))]
    const { extent } = this.struct
    const length = Math.max(0, to - from)
    return new Records(this.struct, this.#memory.subarray(from * extent, (from + length) * extent), length)
  }

  /** Plain objects with the same fields, which share no memory with these. */
  toArray(): RecordOf<F>[] {
    return Array.from(this, (record) => (record as unknown as LiveRecord)[PLAIN]() as RecordOf<F>)
  }

  /** The live records, in order. */
  *[Symbol.iterator](): IterableIterator<RecordOf<F>> {
    for (let index = 0; index < this.length; index++) yield this.get(index)
  }

  /** @internal */
  get picked(): Picked {
    if (this.#picked === undefined) {
      const { form, signature } = structForm(this.struct as unknown as StructLayout)
      const runs = new Runs(this.#memory, repeat(form, this.length, this.struct.extent))
      this.#picked = pick(runs, signature.repeat(this.length), this.struct.size, this.length)
    }
    return this.#picked
  }

  /** @internal */
  get unit(): Unit {
    this.#unit ??= { bytes: this.struct.extent, kind: 'records', ...structForm(this.struct as unknown as StructLayout) }
    return this.#unit
  }

  /** @internal */
  get isDetached(): boolean {
    return lossOf(this.#memory) !== undefined
  }

  /** @internal */
  override get [REFUSAL](): string {
    return 'records cannot be sent within an object; send toArray(), or the records by themselves'
  }

  /** @internal */
  [inspect.custom](_depth: number, options: object): string {
    const shownFirst = Array.from({ length: Math.min(this.length, SHOWN) }, (_, k) => (this.get(k) as unknown as LiveRecord)[PLAIN]())
    return `Records(${this.length}) ${inspect(shownFirst, options)}`
  }

  #outside(index: number): Error {
    checkCount(index, 'index')
    return new CountError(`index: there is no record ${index}; expected an integer from 0 to ${this.length - 1}`)
  }
}

const SHOWN = 100

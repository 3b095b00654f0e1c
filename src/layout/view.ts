import { withArticle } from '../codec/article.js'
import { type BufferLike, datatypeOf, lossOf, matches, memoryOf, nameOf, OBJECT, RECORDS, valueOn } from '../codec/datatype.js'
import { checkAttached, checkOptions, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, DatatypeError, TruncationError } from '../errors.js'
import { block, boundsOf, repeat, shift } from '../memory/form.js'
import { Runs } from '../memory/runs.js'
import type { FloatingArray, IntegerArray, TypedArray } from '../op/operand.js'
import { type BasicType, BYTE, elementsOf } from './basic.js'
import { checkCount, checkInteger } from './check.js'
import { type Compiled, compile, type Unit } from './compile.js'
import { here } from './here.js'
import { checkOf, contiguous, type Layout, type Of } from './layout.js'
import { Pickable, type Picked, pick } from './picked.js'
import { Records } from './records.js'
import { Signature } from './signature.js'

/** What a view can be of: any buffer, also on shared memory, or records. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
export type Viewed = BufferLike | SharedArrayBuffer | Records<any>

/** What `pack` makes of a view over such memory: of typed arrays one of the same kind. */
export type PackedOf<M> = M extends Buffer
  ? Uint8Array<ArrayBuffer>
  : M extends IntegerArray | FloatingArray
    ? ReturnType<M['slice']>
    : TypedArray

/** What a layout picks of some memory. It stands wherever a typed array may, and costs nothing but its runs: make it once. */
export class View<M extends Viewed = Viewed> extends Pickable {
  /** What it is laid over. */
  readonly memory: M
  /** What it picks of it, `count` times. */
  readonly layout: Layout
  /** Elements that are picked; over memory of bytes, bytes. */
  readonly size: number
  /** Bytes that are picked. */
  readonly bytes: number
  /** The basic types of what is picked: '12*f64', '10*(u32 4*f64 u8)'. Where they are equal, or one begins the other, the views match. */
  readonly signature: string
  readonly #picked: Picked

  /** @internal */
  constructor(memory: M, layout: Layout, count: number, picked: Picked) {
    super()
    this.memory = memory
    this.layout = layout
    this.size = layout.size * count
    this.bytes = picked.runs.byteLength
    this.signature = picked.signature.toString()
    this.#picked = picked
    Object.freeze(this)
  }

  /** @internal */
  get picked(): Picked {
    return this.#picked
  }

  /** @internal */
  get isDetached(): boolean {
    return isGone(this.memory)
  }

  /**
   * What is picked, in order: as a new typed array, of records a `Uint8Array`; or in the front of `into`. Errors: DatatypeError,
   * TruncationError where that does not fit; ArgumentError for a detached buffer. MPI: MPI_Pack.
   */
  pack(): PackedOf<M>
  pack<B extends BufferLike>(into: B): B
  pack(into?: BufferLike): BufferLike {
    return here(() => packPicked(this, into))
  }

  /**
   * Writes elements to where they are picked from, in order; fewer than are picked fill the first. Returns the memory. Errors:
   * DatatypeError, TruncationError where they do not fit; AliasError is none, for they are written in order; ArgumentError for a detached
   * buffer. MPI: MPI_Unpack.
   */
  unpack(from: BufferLike): M {
    return here(() => {
      unpackPicked(this, from)
      return this.memory
    })
  }
}

/** @internal */
export function packPicked(source: Pickable, into?: BufferLike): BufferLike {
  checkThere(source, 'memory')
  const { runs, datatype } = source.picked
  if (into === undefined) return valueOn(datatype, runs.packed().buffer as ArrayBuffer)
  const memory = packedMemory(source, into, 'into')
  if (memory.byteLength < runs.byteLength) {
    throw new TruncationError(`into: ${runs.byteLength} bytes are picked, the buffer has only ${memory.byteLength}; give a larger one`)
  }
  runs.gather(0, runs.byteLength, memory, 0)
  return into
}

/** @internal */
export function unpackPicked(target: Pickable, from: BufferLike): void {
  checkThere(target, 'memory')
  const { runs } = target.picked
  const memory = packedMemory(target, from, 'from')
  if (memory.byteLength > runs.byteLength) {
    throw new TruncationError(
      `from: it has ${memory.byteLength} bytes, the view picks only ${runs.byteLength}; give fewer, or a larger view`
    )
  }
  runs.scatter(0, memory.byteLength, memory, 0)
}

/** The bytes of a buffer that holds, or is to hold, what is picked. */
function packedMemory(of: Pickable, buffer: BufferLike, name: string) {
  const { datatype, signature } = of.picked
  const given = datatypeOf(buffer)
  if (given === OBJECT) throw new ArgumentError(`${name}: expected a typed array, DataView, Buffer or ArrayBuffer, got ${shown(buffer)}`)
  checkAttached(buffer, name)
  if (!matches(given, datatype === RECORDS ? BYTE : datatype)) {
    throw new DatatypeError(
      `${name}: ${withArticle(nameOf(given))} cannot hold what is picked, ${signature}; give ${withArticle(nameOf(datatype === RECORDS ? BYTE : datatype))}`
    )
  }
  return memoryOf(buffer)
}

/** Throws where the memory was transferred away. @internal */
export function checkThere(pickable: Pickable, name: string): void {
  if (pickable.isDetached) {
    throw new ArgumentError(`${name}: the buffer of the view is detached (it was transferred away); make a view of one that is not`)
  }
}

function isGone(memory: Viewed): boolean {
  return memory instanceof Records ? memory.isDetached : lossOf(memory as BufferLike) !== undefined
}

/**
 * What a layout picks of some memory: `count` items, one extent apart, from element `offset` on; without a layout the elements themselves,
 * all of them where no `count` is given.
 *
 * Over memory of bytes (`Uint8Array`, `Buffer`, `DataView`, `ArrayBuffer`) an element is a byte, over records a record.
 * Shape: memory and a layout → what sends and receives take in place of an array. Units: elements, of `offset`. Cost: no copy here.
 * Errors: CountError where it reaches outside the memory; DatatypeError for types over memory that has one; ArgumentError.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { vector, view } from 'rxmpi/layout'
 *
 * const matrix = Float64Array.from({ length: 12 }, (_, k) => (comm.rank === 0 ? k : 0)) // 3 rows of 4
 * const column = view(matrix, vector(3, 1, 4), { offset: 1 })
 * if (comm.rank === 0) await comm.send(column, { dest: 1 })
 * if (comm.rank === 1) {
 *   await comm.recv({ source: 0, into: column })
 *   console.log(matrix.join(' ')) // [1] 0 1 0 0 0 5 0 0 0 9 0 0
 * }
 * ```
 */
export function view<M extends Viewed>(
  memory: M,
  layout?: Layout | BasicType | undefined,
  options: { readonly offset?: number; readonly count?: number } = {}
): View<M> {
  return here(() => {
    checkOptions(options, PLACE, '{ offset: 0, count: 1 }')
    const unit = unitOf(memory)
    const elements = Math.floor(memory.byteLength / unit.bytes) || 0
    const { offset = 0 } = options
    checkInteger(offset, 'offset')
    if (layout !== undefined) checkOf(layout, 'layout')
    const { count = layout === undefined ? Math.max(0, elements - offset) : 1 } = options
    checkCount(count, 'count')
    const laid = layoutOf(layout)
    return new View(memory, laid, count, lay(memory, unit, elements, compile(laid, unit), offset, count, laid))
  })
}

const PLACE: OptionNames<{ offset?: number; count?: number }> = { offset: true, count: true }

/** @internal */
export const layoutOf = (layout: Of | undefined): Layout => (typeof layout === 'object' ? layout : contiguous(1, layout))

/** What an element of some memory is. @internal */
export function unitOf(memory: Viewed): Unit {
  if (memory instanceof Records) return memory.unit
  const datatype = datatypeOf(memory)
  if (datatype === OBJECT) {
    throw new ArgumentError(`memory: expected a typed array, DataView, Buffer, ArrayBuffer or records, got ${shown(memory)}`)
  }
  checkAttached(memory as BufferLike, 'memory')
  const code = elementsOf(memory)
  const bytes = (memory as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
  const isBytes = code === BYTE
  return { bytes, form: block(bytes), signature: Signature.of(code), kind: isBytes ? 'bytes' : 'elements' }
}

/** Whether what is picked are whole records. */
const ofRecords = (layout: Of | undefined, unit: Unit): boolean =>
  unit.kind === 'records' && (typeof layout !== 'object' || (layout.kind !== 'field' && ofRecords((layout as { of?: Of }).of, unit)))

function lay(memory: Viewed, unit: Unit, elements: number, item: Compiled, offset: number, count: number, layout: Layout): Picked {
  const form = shift(repeat(item.form, count, item.extent), offset * unit.bytes)
  const [start, end] = boundsOf(form)
  if (start < 0 || end > memory.byteLength) {
    const farthest = start < 0 ? Math.floor(start / unit.bytes) : Math.ceil(end / unit.bytes) - 1
    const what = unit.kind === 'records' ? 'records' : unit.kind === 'bytes' ? 'bytes' : 'elements'
    throw new CountError(
      `layout: it reaches ${what.slice(0, -1)} ${farthest} of a memory of ${elements} ${what}; give more memory, or another offset or count`
    )
  }
  const own = memory instanceof Records ? memory : memoryOf(memory as BufferLike)
  const { buffer, byteOffset, byteLength } = own
  return pick(
    new Runs({ buffer, byteOffset, byteLength }, form),
    item.signature.repeat(count),
    ofRecords(layout, unit) ? unit.signature.bytes : 0,
    count
  )
}

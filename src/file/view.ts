import { codeOf, datatypeOf, elementSize, matches, nameOf, OBJECT } from '../codec/datatype.js'
import { checkOptions, shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'

/** The names of element types. */
export type ElementName = 'i8' | 'u8' | 'u8c' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f16' | 'f32' | 'f64'

/** What a file holds: elements of a typed array's class or of a named type, or bytes, which take arrays of every type. */
export type FileType = ElementName | 'bytes' | { readonly name: string; readonly BYTES_PER_ELEMENT: number }

/**
 * Which elements of a file belong to a view, of those that follow each other from its start: MPI's filetype. What `rxmpi/layout` makes is
 * one.
 */
export interface FileLayout {
  /** Elements that it picks. */
  readonly size: number
  /** Elements from one repetition to the next. */
  readonly extent: number
}

/** How a rank sees the file. */
export interface FileView {
  /** The byte where it begins; default 0. */
  at?: number
  /** Offsets and counts are in elements of this; default 'bytes'. */
  type?: FileType
  /** The elements that this rank sees; it repeats by its extent. Default all. */
  layout?: FileLayout
  /** `'external32'` stores big-endian, MPI's portable form; default 'native'. */
  format?: 'native' | 'external32'
}

/** Picked elements that lie together: from which element on, how many. */
interface Block {
  readonly offset: number
  readonly length: number
}

/** The picked elements of a layout, in its order. The one place that knows what a layout is inside. */
export const layoutBlocks: { of: (layout: FileLayout) => readonly Block[] } = {
  of: (layout) => {
    throw new ArgumentError(`layout: expected what rxmpi/layout makes, got ${shown(layout)}`)
  }
}

/** A run of bytes in the file. */
export interface Run {
  readonly position: number
  readonly length: number
}

/** A view that was checked: from elements to bytes of the file. */
export class View {
  readonly at: number
  readonly type: FileType
  readonly layout: FileLayout | undefined
  readonly format: 'native' | 'external32'
  /** Bytes of an element. */
  readonly size: number
  /** Its datatype; of bytes, that of a Uint8Array. */
  readonly code: number
  readonly isBytes: boolean
  /** The elements' bytes are the other way round in the file. */
  readonly swaps: boolean
  readonly #blocks: readonly Block[] | undefined
  /** Elements picked by one repetition, and how far the next is. */
  readonly #picked: number
  readonly #extent: number

  constructor(view: FileView = {}) {
    checkOptions(view, "{ type: 'f64', at: 0 }")
    const { at = 0, type = 'bytes', layout, format = 'native' } = view
    checkPosition('at', at)
    if (format !== 'native' && format !== 'external32') {
      throw new ArgumentError(`format: expected 'native' or 'external32', got ${shown(format)}`)
    }
    this.at = at
    this.type = type
    this.format = format
    this.layout = layout
    this.isBytes = type === 'bytes'
    this.code = codeFor(type)
    this.size = elementSize(this.code)
    this.swaps = format === 'external32' && this.size > 1
    this.#blocks = layout && ascending(layoutBlocks.of(layout))
    this.#picked = layout?.size ?? 1
    this.#extent = layout?.extent ?? 1
  }

  /** Whether its elements follow each other without holes. */
  get isContiguous(): boolean {
    return this.#blocks === undefined
  }

  /** What all ranks' views must have in common where they share a pointer; and what tells this one from others. */
  get signature(): string {
    const { at, type, format, layout } = this
    return JSON.stringify([at, typeName(type), format, layout ?? null])
  }

  /** The byte of the file where an element of the view begins. */
  byteOffset(element: number): number {
    const offset = this.at + this.#elementOffset(element) * this.size
    if (Number.isSafeInteger(offset)) return offset
    throw new CountError(`offset: element ${element} of the view would lie behind byte 2⁵³-1 of the file`)
  }

  /** The runs of the file that `count` elements from one on are, ascending, as long as they can be. */
  runs(element: number, count: number): Run[] {
    if (count === 0) return []
    if (this.#blocks === undefined) return [{ position: this.byteOffset(element), length: this.#checkedLength(element, count) }]
    this.byteOffset(element + count - 1)
    const runs: { position: number; length: number }[] = []
    let repetition = Math.floor(element / this.#picked)
    let skip = element % this.#picked
    let left = count
    for (; left > 0; repetition++) {
      const start = this.at + repetition * this.#extent * this.size
      for (const { offset, length } of this.#blocks) {
        if (left === 0) break
        const skipped = Math.min(skip, length)
        skip -= skipped
        const taken = Math.min(length - skipped, left)
        left -= taken
        if (taken === 0) continue
        const position = start + (offset + skipped) * this.size
        const last = runs[runs.length - 1]
        if (last !== undefined && last.position + last.length === position) last.length += taken * this.size
        else runs.push({ position, length: taken * this.size })
      }
    }
    return runs
  }

  /** The elements of the view that a file of so many bytes holds whole, from the first on. */
  elementsIn(bytes: number): number {
    const elements = Math.max(0, Math.floor((bytes - this.at) / this.size))
    if (this.#blocks === undefined) return elements
    if (this.#picked === 0) return 0
    const repetitions = Math.floor(elements / this.#extent)
    const rest = elements - repetitions * this.#extent
    return this.#blocks.reduce((sum, { offset, length }) => sum + Math.max(0, Math.min(length, rest - offset)), repetitions * this.#picked)
  }

  /** Throws where an array is of another type than the view's. */
  checkData(data: unknown, name: string): void {
    const code = datatypeOf(data)
    if (code === OBJECT) throw new DatatypeError(`${name}: expected a typed array, DataView, Buffer or ArrayBuffer, got ${shown(data)}`)
    if (this.isBytes || matches(code, this.code)) return
    throw new DatatypeError(
      `${name}: the view's type is ${typeName(this.type)}, and this is a ${nameOf(code)}; give a ${nameOf(this.code)}, or set another view`
    )
  }

  #checkedLength(element: number, count: number): number {
    this.byteOffset(element + count)
    return count * this.size
  }

  #elementOffset(element: number): number {
    if (this.#blocks === undefined) return element
    if (this.#picked === 0) throw new CountError('layout: it picks no element, so there is nothing to read or write')
    let rest = element % this.#picked
    for (const { offset, length } of this.#blocks) {
      if (rest < length) return Math.floor(element / this.#picked) * this.#extent + offset + rest
      rest -= length
    }
    throw new CountError(`layout: its blocks have fewer elements than its size, ${this.#picked}`)
  }
}

const arrays: Record<ElementName, string> = {
  i8: 'Int8Array',
  u8: 'Uint8Array',
  u8c: 'Uint8ClampedArray',
  i16: 'Int16Array',
  u16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  i64: 'BigInt64Array',
  u64: 'BigUint64Array',
  f16: 'Float16Array',
  f32: 'Float32Array',
  f64: 'Float64Array'
}

const typeName = (type: FileType): string => (typeof type === 'string' ? `'${type}'` : type.name)

function codeFor(type: unknown): number {
  const name = type === 'bytes' ? 'Uint8Array' : typeof type === 'string' ? arrays[type as ElementName] : nameOfClass(type)
  const code = name === undefined ? undefined : codeOf(name)
  if (code !== undefined) return code
  const names = Object.keys(arrays).map((one) => `'${one}'`)
  throw new DatatypeError(`type: expected 'bytes', ${names.join(', ')} or a typed array's class, got ${shown(type)}`)
}

/** Also of a typed array's class of another realm. */
function nameOfClass(type: unknown): string | undefined {
  if (typeof type !== 'function') return undefined
  return type.name in globalThis && type.name.endsWith('Array') && 'BYTES_PER_ELEMENT' in type ? type.name : undefined
}

function ascending(blocks: readonly Block[]): readonly Block[] {
  let end = 0
  for (const { offset, length } of blocks) {
    if (offset < end)
      throw new ArgumentError('layout: in a file its elements must ascend and not overlap; order them, and give the data in that order')
    end = offset + length
  }
  return blocks
}

/** Throws where a number is no offset in a file. Node takes what is no safe integer for "here", without a word. */
export function checkPosition(name: string, position: unknown): asserts position is number {
  if (Number.isSafeInteger(position) && (position as number) >= 0) return
  const isNumber = typeof position === 'number' || typeof position === 'bigint'
  const expected = `${name}: expected an integer from 0 to 2⁵³-1, got ${shown(position)}`
  throw isNumber ? new CountError(expected) : new ArgumentError(expected)
}

import { withArticle } from '../codec/article.js'
import { codeOf as codeOfName, datatypeOf, elementSize, matches, nameOf, OBJECT, RECORDS } from '../codec/datatype.js'
import { checkOptions, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'
import { type BasicType, BYTE, basicTypes, codeOf, isBasicType, isSupported } from '../layout/basic.js'
import { compile, structForm, type Unit } from '../layout/compile.js'
import { checkOf, isLayout, type Layout, type StructLayout } from '../layout/layout.js'
import { pickedOf } from '../layout/picked.js'
import { Signature } from '../layout/signature.js'
import { block } from '../memory/form.js'
import { bytesBefore, placeIn, runsOf, type Tile, tileOf } from './tile.js'

/** What a file holds: elements of a typed array's class or of a named type, records of a struct, or bytes, which take every type. */
export type FileType = BasicType | 'bytes' | StructLayout | { readonly name: string; readonly BYTES_PER_ELEMENT: number }

/** How a rank sees the file. */
export interface FileView {
  /** The byte where it begins; default 0. */
  at?: number
  /** Offsets and counts are in elements of this; default 'bytes'. */
  type?: FileType
  /** The elements that this rank sees, of those from the start on; it repeats by its extent. Default all. MPI's filetype. */
  layout?: Layout
  /** `'external32'` stores big-endian, MPI's portable form; default 'native'. */
  format?: 'native' | 'external32'
}

const VIEW: OptionNames<FileView> = { at: true, type: true, layout: true, format: true }

/** A run of bytes in the file. */
export interface Run {
  readonly position: number
  readonly length: number
}

/** A view that was checked: from elements to bytes of the file. */
export class View {
  readonly at: number
  readonly type: FileType
  readonly layout: Layout | undefined
  readonly format: 'native' | 'external32'
  /** Of an element. */
  readonly types: Signature
  /** Bytes of an element, as it is read and written. */
  readonly size: number
  /** Bytes from one to the next in the file; more where a struct has padding. */
  readonly step: number
  /** Its datatype; of bytes, that of a Uint8Array. */
  readonly code: number
  readonly isBytes: boolean
  /** The elements' bytes are the other way round in the file. */
  readonly swaps: boolean
  /** Where there are holes. */
  readonly #tile: Tile | undefined

  constructor(view: FileView = {}) {
    checkOptions(view, VIEW, "{ type: 'f64', at: 0 }")
    const { at = 0, type = 'bytes', layout, format = 'native' } = view
    checkPosition('at', at)
    if (format !== 'native' && format !== 'external32') {
      throw new ArgumentError(`format: expected 'native' or 'external32', got ${shown(format)}`)
    }
    if (layout !== undefined) checkOf(layout, 'layout')
    const unit = unitOf(type)
    this.at = at
    this.type = type
    this.format = format
    this.layout = layout
    this.isBytes = type === 'bytes'
    this.types = unit.signature
    this.code = unit.signature.datatype
    this.size = unit.signature.bytes
    this.step = unit.bytes
    this.swaps = format === 'external32' && !this.isBytes
    this.#tile = tileOf(compile(layout, unit))
  }

  /** Whether its elements follow each other without holes. */
  get isContiguous(): boolean {
    return this.#tile === undefined
  }

  /** Bytes that follow each other without a hole, on average. */
  get pieceBytes(): number {
    return this.#tile === undefined ? Number.POSITIVE_INFINITY : this.#tile.packed / this.#tile.offsets.length
  }

  /** What all ranks' views must have in common where they share a pointer; and what tells this one from others. */
  get signature(): string {
    const { at, type, format, layout } = this
    return JSON.stringify([at, typeof type === 'function' ? typeName(type) : type, format, layout ?? null])
  }

  /** The byte of the file where an element of the view begins. */
  byteOffset(element: number): number {
    const offset = this.at + placeIn(this.#tile, element * this.size)
    if (Number.isSafeInteger(offset)) return offset
    throw new CountError(`offset: element ${element} of the view would lie behind byte 2⁵³-1 of the file`)
  }

  /** The runs of the file that `count` elements from one on are, ascending, as long as they can be. */
  runs(element: number, count: number): Run[] {
    if (count === 0) return []
    const position = this.byteOffset(element)
    this.check(element, count)
    const tile = this.#tile
    if (tile === undefined) return [{ position, length: count * this.size }]
    return runsOf(tile, this.at, element * this.size, count * this.size)
  }

  /** Throws where elements would lie behind the last place that there is. */
  check(element: number, count: number): void {
    if (count > 0) this.byteOffset(this.#tile === undefined ? element + count : element + count - 1)
  }

  /** The elements of the view that a file of so many bytes holds whole, from the first on. */
  elementsIn(bytes: number): number {
    return Math.floor(bytesBefore(this.#tile, Math.max(0, bytes - this.at)) / this.size)
  }

  /** Throws where an array, a view or records are of another type than the view's. */
  checkData(data: unknown, name: string): void {
    const picked = pickedOf(data)
    const code = picked?.datatype ?? datatypeOf(data)
    if (code === OBJECT) throw new DatatypeError(`${name}: expected a typed array, a view or records, got ${shown(data)}`)
    if (this.isBytes || (matches(code, this.code) && (picked?.shape ?? 0) === this.types.hash)) return
    const given = picked === undefined ? withArticle(nameOf(code)) : `of ${picked.signature}`
    const wanted = this.code === RECORDS ? 'records of that struct' : withArticle(nameOf(this.code))
    throw new DatatypeError(`${name}: the view's type is ${typeName(this.type)}, and this is ${given}; give ${wanted}, or set another view`)
  }
}

const typeName = (type: FileType): string => {
  if (typeof type === 'string') return `'${type}'`
  return isLayout(type) ? `a struct (${structForm(type as StructLayout).signature.rootText})` : type.name
}

/** What an element of a type is. */
function unitOf(type: unknown): Unit {
  if (isLayout(type) && type.kind === 'struct') {
    if (type.size === 0) throw new DatatypeError('type: a struct without fields has nothing to read or write')
    return { bytes: type.extent, kind: 'elements', ...structForm(type) }
  }
  const isBytes = type === 'bytes'
  const code = isBytes ? BYTE : isBasicType(type) && isSupported(type) ? codeOf(type) : codeOfClass(type)
  if (code === undefined) {
    throw new DatatypeError(`type: expected 'bytes', ${basicTypes.join(', ')}, a typed array's class or a struct, got ${shown(type)}`)
  }
  const bytes = elementSize(code)
  return { bytes, kind: isBytes ? 'bytes' : 'elements', form: block(bytes), signature: Signature.of(code) }
}

/** Also of a typed array's class of another realm. */
function codeOfClass(type: unknown): number | undefined {
  if (typeof type !== 'function') return undefined
  return type.name in globalThis && type.name.endsWith('Array') && 'BYTES_PER_ELEMENT' in type ? codeOfName(type.name) : undefined
}

/** Throws where a number is no offset in a file. Node takes what is no safe integer for "here", without a word. */
export function checkPosition(name: string, position: unknown): asserts position is number {
  if (Number.isSafeInteger(position) && (position as number) >= 0) return
  const isNumber = typeof position === 'number' || typeof position === 'bigint'
  const expected = `${name}: expected an integer from 0 to 2⁵³-1, got ${shown(position)}`
  throw isNumber ? new CountError(expected) : new ArgumentError(expected)
}

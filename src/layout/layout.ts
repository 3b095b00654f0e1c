import { checkOptions, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, DatatypeError } from '../errors.js'
import { type BasicType, basicTypes, isBasicType, isSupported, sizeOf } from './basic.js'
import { checkCount, checkInteger, checkLength, listOf } from './check.js'
import type { Distribution } from './distributed.js'
import { here } from './here.js'
import type { Fields } from './struct.js'

/** How large a layout is, in elements of the memory that it is laid over: of memory of bytes in bytes, of records in records. */
export interface Measures {
  /** Elements that are picked. */
  readonly size: number
  /** From one item to the next, where several follow on each other. */
  readonly extent: number
  /** Where the item begins that the extent is of; less than nothing where strides go back. */
  readonly lower: number
  /** From the first element that is picked to the end of the last. */
  readonly trueExtent: number
  /** The first element that is picked. */
  readonly trueLower: number
}

/** What a layout repeats: a layout, or over memory of bytes a basic type such as 'f64'; by default one element. */
export type Of = Layout | BasicType

/** What `contiguous` makes. */
export interface Contiguous extends Measures {
  /** Which call has made it. */
  readonly kind: 'contiguous'
  /** Items. */
  readonly count: number
  /** What the items are; absent where they are elements. */
  readonly of?: Of
}

/** What `vector` makes. */
export interface Vector extends Measures {
  /** Which call has made it. */
  readonly kind: 'vector'
  /** Blocks. */
  readonly count: number
  /** Items of a block. */
  readonly blockLength: number
  /** Items from the beginning of a block to that of the next. */
  readonly stride: number
  /** What the items are; absent where they are elements. */
  readonly of?: Of
}

/** What `indexed` makes. */
export interface Indexed extends Measures {
  /** Which call has made it. */
  readonly kind: 'indexed'
  /** Items of each block, or of all. */
  readonly blockLengths: number | readonly number[]
  /** Where each block begins, in items. */
  readonly displacements: readonly number[]
  /** What the items are; absent where they are elements. */
  readonly of?: Of
}

/** What `subarray` makes. */
export interface Subarray extends Measures {
  /** Which call has made it. */
  readonly kind: 'subarray'
  /** Of the whole array, in each dimension. */
  readonly sizes: readonly number[]
  /** Of the box. */
  readonly subsizes: readonly number[]
  /** Where the box begins. */
  readonly starts: readonly number[]
  /** Which dimension lies in a row: the last ('C') or the first ('F'). */
  readonly order: 'C' | 'F'
  /** What the items are; absent where they are elements. */
  readonly of?: Of
}

/** What `distributed` makes. */
export interface Distributed extends Measures {
  /** Which call has made it. */
  readonly kind: 'distributed'
  /** Of the whole array, in each dimension. */
  readonly sizes: readonly number[]
  /** Of the grid of ranks. */
  readonly grid: readonly number[]
  /** Of this rank in the grid. */
  readonly coords: readonly number[]
  /** How each dimension is shared out. */
  readonly by: readonly Distribution[]
  /** Which dimension lies in a row: the last ('C') or the first ('F'). */
  readonly order: 'C' | 'F'
  /** What the items are; absent where they are elements. */
  readonly of?: Of
}

/** What `resized` makes; its measures `lower` and `extent` are as it was told. */
export interface Resized extends Measures {
  /** Which call has made it. */
  readonly kind: 'resized'
  /** What is picked. */
  readonly of: Of
}

/** A struct as a layout: one record, in bytes. */
export interface StructLayout extends Measures {
  /** Which call has made it. */
  readonly kind: 'struct'
  /** Of the record, with their places. */
  readonly fields: Fields
  /** Whether the fields are one behind the other, wherever that is. */
  readonly packed: boolean
  /** What the address of a record is a multiple of. */
  readonly alignment: number
}

/** What a struct's `field` makes: one field of a record, over records. */
export interface FieldLayout extends Measures {
  /** Which call has made it. */
  readonly kind: 'field'
  /** The field's. */
  readonly name: string
  /** Of its elements: a basic type, or a struct. */
  readonly type: BasicType | StructLayout
  /** Its elements. */
  readonly count: number
  /** Where it begins, in bytes from the beginning of the record. */
  readonly offset: number
  /** Bytes from one record to the next. */
  readonly record: number
}

/**
 * Which elements of memory are meant, and in which order: MPI's derived datatype, without an element type. A frozen plain object that
 * prints, compares with deep equality, nests and can be sent.
 */
export type Layout = Contiguous | Vector | Indexed | Subarray | Distributed | Resized | StructLayout | FieldLayout

export const ELEMENT: Measures = { size: 1, extent: 1, lower: 0, trueExtent: 1, trueLower: 0 }

/** What `of` measures. */
export function measuresOf(of: Of | undefined): Measures {
  if (of === undefined) return ELEMENT
  if (typeof of !== 'string') return of
  const size = sizeOf(of)
  return { size, extent: size, lower: 0, trueExtent: size, trueLower: 0 }
}

const kinds = new Set(['contiguous', 'vector', 'indexed', 'subarray', 'distributed', 'resized', 'struct', 'field'])

export const isLayout = (value: unknown): value is Layout =>
  typeof value === 'object' && value !== null && kinds.has((value as Layout).kind)

/** Throws unless it can be repeated. */
export function checkOf(of: unknown, name = 'of'): void {
  if (of === undefined || isLayout(of)) return
  if (typeof of !== 'string') throw new ArgumentError(`${name}: expected a layout or a type such as 'f64', got ${shown(of)}`)
  if (!isBasicType(of)) throw new ArgumentError(`${name}: ${shown(of)} is no type; expected a layout or one of ${basicTypes.join(', ')}`)
  if (!isSupported(of)) throw new DatatypeError(`${name}: '${of}' needs Float16Array, which this version of Node has not`)
}

/** A frozen layout: without `of` where it is absent, so that equal layouts are deeply equal. */
export function frozen<L extends Layout>(
  kind: L['kind'],
  of: Of | undefined,
  rest: Omit<L, 'kind' | 'of' | keyof Measures>,
  measures: Measures
): L {
  const { size, extent, lower, trueExtent, trueLower } = measures
  return Object.freeze({ kind, ...rest, ...(of === undefined ? {} : { of }), size, extent, lower, trueExtent, trueLower }) as unknown as L
}

/** Measures what begins `from` … `to` items away, both included. `picked` is how many items there are. */
function spanning(of: Of | undefined, picked: number, from: number, to: number): Measures {
  const item = measuresOf(of)
  if (picked === 0) return { size: 0, extent: 0, lower: 0, trueExtent: 0, trueLower: 0 }
  const [first, last] = [from * item.extent, to * item.extent].sort((a, b) => a - b) as [number, number]
  const size = picked * item.size
  return {
    size,
    extent: last - first + item.extent,
    lower: first + item.lower,
    trueExtent: size === 0 ? 0 : last - first + item.trueExtent,
    trueLower: size === 0 ? 0 : first + item.trueLower
  }
}

/**
 * `count` items in a row.
 *
 * Shape: an item → a layout whose extent is `count` of its.
 * Errors: CountError, ArgumentError. MPI: MPI_Type_contiguous, MPI 4.1 §5.1.2; mpi4py: Datatype.Create_contiguous.
 */
export function contiguous(count: number, of?: Of): Contiguous {
  return here(() => {
    checkCount(count, 'count')
    checkOf(of)
    return frozen<Contiguous>('contiguous', of, { count }, spanning(of, count, 0, count - 1))
  })
}

/**
 * `count` blocks of `blockLength` items each, `stride` items from one to the next, which may be less than nothing: a column of a matrix is
 * `vector(rows, 1, columns)`. Bytes instead of items: over a `resized` item.
 *
 * Shape: an item → a layout of `count` × `blockLength` of it. Units: items.
 * Errors: CountError, ArgumentError. MPI: MPI_Type_vector, MPI_Type_create_hvector, MPI 4.1 §5.1.2; mpi4py: Datatype.Create_vector.
 */
export function vector(count: number, blockLength: number, stride: number, of?: Of): Vector {
  return here(() => {
    checkCount(count, 'count')
    checkCount(blockLength, 'blockLength')
    checkInteger(stride, 'stride')
    checkOf(of)
    const last = (count - 1) * stride
    const measures = spanning(of, count * blockLength, Math.min(0, last), Math.max(0, last) + blockLength - 1)
    return frozen<Vector>('vector', of, { count, blockLength, stride }, measures)
  })
}

/**
 * Blocks at `displacements`, in items and in the order given: each of as many items as `blockLengths` says of it, or of all.
 *
 * Units: items, of the block lengths and displacements.
 * Errors: CountError, also where there are not as many of both; ArgumentError. MPI: MPI_Type_indexed, MPI_Type_create_indexed_block,
 * MPI_Type_create_hindexed, MPI 4.1 §5.1.2; mpi4py: Datatype.Create_indexed, Datatype.Create_indexed_block.
 */
export function indexed(blockLengths: number | readonly number[], displacements: readonly number[], of?: Of): Indexed {
  return here(() => {
    const at = listOf(displacements, 'displacements')
    if (typeof blockLengths === 'number') checkCount(blockLengths, 'blockLengths')
    const lengths = typeof blockLengths === 'number' ? blockLengths : listOf(blockLengths, 'blockLengths', checkCount)
    if (typeof lengths !== 'number') checkLength(lengths, at.length, 'blockLengths', 'displacements')
    checkOf(of)
    let [picked, from, to] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let k = 0; k < at.length; k++) {
      const length = typeof lengths === 'number' ? lengths : lengths[k]!
      if (length === 0) continue
      picked += length
      from = Math.min(from, at[k]!)
      to = Math.max(to, at[k]! + length - 1)
    }
    return frozen<Indexed>('indexed', of, { blockLengths: lengths, displacements: at }, spanning(of, picked, from, to))
  })
}

/**
 * The same elements, with another beginning and another distance from one item to the next: overlapping (interleaved) items are
 * `resized(column, { extent: 1 })`.
 *
 * Units: elements of the memory, of beginning and extent.
 * Errors: CountError, ArgumentError. MPI: MPI_Type_create_resized, MPI 4.1 §5.1.7; mpi4py: Datatype.Create_resized.
 */
export function resized(of: Of, options: { lower?: number; extent: number }): Resized {
  return here(() => {
    checkOptions(options, RESIZED, '{ extent: 1 }')
    const { lower = 0, extent } = options
    if (of === undefined) throw new ArgumentError("of: expected a layout or a type such as 'f64', got undefined")
    checkOf(of)
    checkInteger(lower, 'lower')
    checkInteger(extent, 'extent')
    return frozen<Resized>('resized', of, {}, { ...measuresOf(of), lower, extent })
  })
}

const RESIZED: OptionNames<{ lower?: number; extent: number }> = { lower: true, extent: true }

import { shown } from '../diagnostics/arguments.js'
import { DatatypeError } from '../errors.js'
import type { FileType } from '../file/view.js'
import { View } from '../file/view.js'
import { type BasicType, typeOf } from '../layout/basic.js'
import { isLayout, type StructLayout } from '../layout/layout.js'
import { type FieldTypes, struct } from '../layout/struct.js'
import { type Literal, quoted } from './python-literal.js'

/** The types of elements, as NumPy calls them and as rxmpi does. */

/** What elements of a file are, and in which order their bytes lie. */
export interface Elements {
  readonly type: BasicType | StructLayout
  readonly format: 'native' | 'external32'
}

const basics: Record<string, BasicType> = {
  b1: 'u8',
  i1: 'i8',
  u1: 'u8',
  i2: 'i16',
  u2: 'u16',
  i4: 'i32',
  u4: 'u32',
  i8: 'i64',
  u8: 'u64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64'
}
/** Complex numbers are pairs. */
const complex: Record<string, BasicType> = { c8: 'f32', c16: 'f64' }

/** Of what a header calls `descr`. Throws a DatatypeError for what has no counterpart. */
export function elementsOf(descr: Literal): Elements {
  const orders = new Set<string>()
  const type = typeFrom(descr, orders)
  if (orders.size > 1) throw new DatatypeError('descr: some fields are little-endian and others big-endian; store them alike')
  return { type, format: orders.has('>') ? 'external32' : 'native' }
}

function typeFrom(descr: Literal, orders: Set<string>): BasicType | StructLayout {
  if (Array.isArray(descr)) return structFrom(descr, orders)
  const [, order, name] = /^([<>|=])(\w+)$/.exec(String(descr)) ?? []
  if (order === '<' || order === '>') orders.add(order)
  if (name !== undefined && Object.hasOwn(basics, name)) return basics[name]!
  if (name !== undefined && Object.hasOwn(complex, name))
    return struct({ re: complex[name]!, im: complex[name]! }) as unknown as StructLayout
  throw new DatatypeError(`descr: elements of NumPy's type ${shown(descr)} have no counterpart; expected numbers, or records of numbers`)
}

/** Fields follow each other as C has them, or without padding; where there is another padding there is no such struct. */
function structFrom(fields: readonly Literal[], orders: Set<string>): StructLayout {
  const types: Record<string, FieldTypes[string]> = {}
  const offsets: Record<string, number> = {}
  let end = 0
  for (const field of fields) {
    const [name, descr, shape] = Array.isArray(field) ? field : []
    const padding = /^\|V(\d+)$/.exec(String(descr))
    if (name === '' && padding !== null) {
      end += Number(padding[1])
      continue
    }
    const text = Array.isArray(name) ? name[1] : name
    if (typeof text !== 'string' || descr === undefined) throw new DatatypeError(`descr: ${shown(field)} is no field`)
    const type = typeFrom(descr, orders)
    const count = shape === undefined ? undefined : [shape].flat().reduce<number>((all, length) => all * Number(length), 1)
    types[text] = count === undefined ? type : [type, count]
    offsets[text] = end
    end += (count ?? 1) * (typeof type === 'string' ? new View({ type }).size : type.extent)
  }
  for (const packed of [false, true]) {
    const found = struct(types, { packed }) as unknown as StructLayout
    if (found.extent === end && Object.entries(found.fields).every(([name, { offset }]) => offset === offsets[name])) return found
  }
  throw new DatatypeError('descr: its fields are neither aligned as in C nor packed; store them with align=True, or without padding')
}

/** What NumPy calls elements of a type, in this machine's order of bytes. Throws a DatatypeError. */
export function descrOf(type: FileType): string {
  const { code, isBytes } = new View({ type })
  if (typeof type === 'object' && isLayout(type)) return descrOfStruct(type as StructLayout)
  if (isBytes) return "'|u1'"
  return descrOfBasic(typeOf(code))
}

function descrOfBasic(type: BasicType): string {
  const bytes = Number(type.slice(1).replace('c', '')) / 8
  return `'${bytes === 1 ? '|' : '<'}${type[0]}${bytes}'`
}

function descrOfStruct({ fields, extent }: StructLayout): string {
  const parts: string[] = []
  let end = 0
  const pad = (to: number): void => {
    if (to > end) parts.push(`('', '|V${to - end}')`)
  }
  for (const [name, { type, count, offset }] of Object.entries(fields)) {
    pad(offset)
    const one = typeof type === 'string' ? descrOfBasic(type) : descrOfStruct(type)
    parts.push(`(${quoted(name)}, ${one}${count === 1 ? '' : `, (${count},)`})`)
    end = offset + count * (typeof type === 'string' ? new View({ type }).size : type.extent)
  }
  pad(extent)
  return `[${parts.join(', ')}]`
}

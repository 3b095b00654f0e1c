import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, DatatypeError } from '../errors.js'
import { block, type Form, FormList, NO_FORM, repeat, shift } from '../memory/form.js'
import { type BasicType, codeOf, sizeOf } from './basic.js'
import { shareOf } from './distributed.js'
import { type Indexed, isLayout, type Layout, type Of, type StructLayout } from './layout.js'
import { Signature } from './signature.js'
import { strides } from './subarray.js'

/** What an element of some memory is. */
export interface Unit {
  /** From one to the next. */
  readonly bytes: number
  readonly form: Form
  readonly signature: Signature
  /** What a layout over it may name: basic types and structs, or fields of these records, or nothing of the kind. */
  readonly kind: 'bytes' | 'records' | 'elements'
}

/** A layout over some memory: which bytes an item of it picks, from its origin on, and of what types they are. */
export interface Compiled {
  readonly form: Form
  readonly signature: Signature
  /** From one item to the next. */
  readonly extent: number
}

/** Of each layout, over each kind of element: layouts are made once and laid over much. */
const known = new WeakMap<Layout, Map<string, Compiled>>()

/** Compiles what is laid over memory of such elements. Throws a DatatypeError where it names types that they have not. */
export function compile(of: Of | undefined, unit: Unit): Compiled {
  if (of === undefined) return { form: unit.form, signature: unit.signature, extent: unit.bytes }
  if (typeof of === 'string') return basic(of, unit)
  if (!Object.isFrozen(of)) return build(of, unit)
  let compiled = known.get(of)
  if (compiled === undefined) {
    compiled = new Map()
    known.set(of, compiled)
  }
  const key = `${unit.kind} ${unit.bytes} ${unit.signature}`
  let found = compiled.get(key)
  if (found === undefined) {
    found = build(of, unit)
    compiled.set(key, found)
  }
  return found
}

function basic(type: BasicType, unit: Unit): Compiled {
  if (unit.kind !== 'bytes') throw wrongMemory(`'${type}'`)
  return { form: block(sizeOf(type)), signature: Signature.of(codeOf(type)), extent: sizeOf(type) }
}

const wrongMemory = (what: string): DatatypeError =>
  new DatatypeError(
    `layout: ${what} is for memory of bytes; lay it over a Uint8Array, Buffer, DataView or ArrayBuffer, or leave the type out: elements have one`
  )

function build(layout: Layout, unit: Unit): Compiled {
  if (!isLayout(layout)) throw new ArgumentError(`layout: expected what contiguous, vector, struct … return, got ${shown(layout)}`)
  const extent = layout.extent * unit.bytes
  switch (layout.kind) {
    case 'contiguous': {
      const item = compile(layout.of, unit)
      return { form: repeat(item.form, layout.count, item.extent), signature: item.signature.repeat(layout.count), extent }
    }
    case 'vector': {
      const { count, blockLength, stride } = layout
      const item = compile(layout.of, unit)
      const blocks = repeat(item.form, blockLength, item.extent)
      return { form: repeat(blocks, count, stride * item.extent), signature: item.signature.repeat(count * blockLength), extent }
    }
    case 'indexed':
      return { ...buildIndexed(layout, compile(layout.of, unit)), extent }
    case 'subarray': {
      const { sizes, subsizes, starts, order } = layout
      const shares = subsizes.map((length, d) => ({ start: starts[d]!, length, stride: 0, blocks: 1, rest: 0 }))
      return { ...buildBox(compile(layout.of, unit), sizes, order, shares), extent }
    }
    case 'distributed': {
      const { sizes, grid, coords, by, order } = layout
      const shares = sizes.map((size, d) => shareOf(size, grid[d]!, coords[d]!, by[d]!, d))
      return { ...buildBox(compile(layout.of, unit), sizes, order, shares), extent }
    }
    case 'resized':
      return { ...compile(layout.of, unit), extent }
    case 'struct':
      if (unit.kind !== 'bytes') throw wrongMemory('a struct')
      return { ...structForm(layout), extent }
    case 'field': {
      if (unit.kind !== 'records' || unit.bytes !== layout.record) {
        throw new DatatypeError(
          `layout: the field '${layout.name}' is one of records of ${layout.record} bytes; lay it over records of that struct`
        )
      }
      const item = typeForm(layout.type)
      const form = shift(repeat(item.form, layout.count, item.extent), layout.offset)
      return { form, signature: item.signature.repeat(layout.count), extent }
    }
  }
}

function buildIndexed({ blockLengths, displacements }: Indexed, item: Compiled): { form: Form; signature: Signature } {
  const list = new FormList()
  let picked = 0
  let length = -1
  let blocks = NO_FORM
  for (let k = 0; k < displacements.length; k++) {
    const next = typeof blockLengths === 'number' ? blockLengths : blockLengths[k]!
    if (next !== length) blocks = repeat(item.form, next, item.extent)
    length = next
    picked += next
    list.add(blocks, displacements[k]! * item.extent)
  }
  return { form: list.done(), signature: item.signature.repeat(picked) }
}

interface BoxShare {
  readonly start: number
  readonly length: number
  readonly stride: number
  readonly blocks: number
  readonly rest: number
}

/** From the dimension that lies in a row to the one whose indices are farthest apart. */
function buildBox(
  item: Compiled,
  sizes: readonly number[],
  order: 'C' | 'F',
  shares: readonly BoxShare[]
): { form: Form; signature: Signature } {
  const steps = strides(sizes, order)
  const dimensions = order === 'C' ? [...sizes.keys()].reverse() : [...sizes.keys()]
  let form = item.form
  let picked = 1
  let origin = 0
  for (const d of dimensions) {
    const { start, length, stride, blocks, rest } = shares[d]!
    const step = steps[d]! * item.extent
    const whole = repeat(repeat(form, length, step), blocks, stride * step)
    form = rest === 0 ? whole : both(whole, repeat(form, rest, step), blocks * stride * step)
    origin += start * step
    picked *= length * blocks + rest
  }
  return { form: shift(form, origin), signature: item.signature.repeat(picked) }
}

function both(a: Form, b: Form, at: number): Form {
  const list = new FormList()
  list.add(a, 0)
  list.add(b, at)
  return list.done()
}

const typeForm = (type: BasicType | StructLayout): Compiled =>
  typeof type === 'string'
    ? { form: block(sizeOf(type)), signature: Signature.of(codeOf(type)), extent: sizeOf(type) }
    : { ...structForm(type), extent: type.extent }

/** A record without its padding. */
export function structForm({ fields }: StructLayout): { form: Form; signature: Signature } {
  const list = new FormList()
  const signatures: Signature[] = []
  for (const { type, count, offset } of Object.values(fields)) {
    const item = typeForm(type)
    list.add(repeat(item.form, count, item.extent), offset)
    signatures.push(item.signature.repeat(count))
  }
  return { form: list.done(), signature: Signature.join(signatures) }
}

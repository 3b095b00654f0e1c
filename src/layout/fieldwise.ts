import { checkObject, shown } from '../diagnostics/arguments.js'
import { ArgumentError, DatatypeError } from '../errors.js'
import { type AnyOp, checkOp, checkOperand, createOp, MAXLOC, MINLOC, mayChange, type Op } from '../op/op.js'
import { here } from './here.js'
import { Records } from './records.js'
import type { FieldTypes, Struct } from './struct.js'
import { view } from './view.js'

/** An op for each field: on fields of numbers one of typed arrays, on those that are structs one of records. */
export type FieldOps = Readonly<Record<string, AnyOp>>

// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
type AnyRecords = Records<any>

/**
 * Makes an op on records of an op for each of their fields. Every field needs one.
 *
 * Shape: an op of each field → an op on records. Cost: that of the fields' ops.
 * Errors: ArgumentError for what is no op; where it is used, ArgumentError for a field without one, and what the ops throw.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
 * import { fieldwise, struct } from 'rxmpi/layout'
 *
 * const Load = struct({ items: 'u32', slowest: 'f64' })
 * const load = Load.allocate(1)
 * load.set(0, { items: 10, slowest: comm.rank })
 * const total = await comm.allreduce(load, fieldwise({ items: SUM, slowest: MAX }), { into: Load.allocate(1) })
 * console.log(total.get(0).items, total.get(0).slowest) // [0] 20 1 [1] 20 1
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
export function fieldwise(ops: FieldOps): Op<Records<any>> {
  return here(() => {
    checkObject(ops, '{ mass: SUM }')
    for (const [name, op] of Object.entries(ops)) {
      try {
        checkOp(op)
      } catch {
        throw new ArgumentError(`ops.${name}: expected SUM, another op of rxmpi or what createOp returns, got ${shown(op)}`)
      }
    }
    const commutative = Object.values(ops).every((op) => op.commutative)
    const named = Object.entries(ops).map(([name, op]) => `${name}: ${op.name}`)
    const name = `fieldwise({ ${named.join(', ')} })`
    const op = createOp((a: AnyRecords, b: AnyRecords) => combineFields(ops, a, b), { commutative, name })
    fieldOps.set(op as AnyOp, ops)
    return op
  })
}

/** Of what ops an op is made. */
const fieldOps = new WeakMap<AnyOp, FieldOps>()

/** Throws unless an op takes records of a struct: of ops of fields each takes its field. */
function checkStruct(op: AnyOp, struct: Struct): void {
  const ops = fieldOps.get(op)
  if (ops === undefined) {
    if (isPredefined(op)) locating(op, struct)
    return
  }
  checkComplete(ops, struct)
  for (const [name, { type }] of Object.entries(struct.fields as Struct['fields'])) {
    try {
      if (typeof type !== 'string') checkStruct(ops[name]!, type as unknown as Struct)
      else checkOperand(ops[name]!, view(struct.allocate(0), struct.field(name), { count: 0 }).pack())
    } catch (error) {
      const of = error as Error
      of.message = `op: the field '${name}': ${of.message}`
      throw of
    }
  }
}

function checkComplete(ops: FieldOps, { fields }: Struct): void {
  const missing = Object.keys(fields).find((name) => !Object.hasOwn(ops, name))
  if (missing !== undefined) throw new ArgumentError(`op: fieldwise has no op for the field '${missing}'; give one for each field`)
}

function combineFields(ops: FieldOps, a: AnyRecords, b: AnyRecords): AnyRecords {
  const { struct, length } = a
  checkComplete(ops, struct)
  const result = struct.allocate(length)
  for (const [name, { type }] of Object.entries(struct.fields as Struct['fields'])) {
    const combine = ops[name]!.combine as (a: unknown, b: unknown) => unknown
    const column = (records: AnyRecords) => view(records, struct.field(name), { count: length })
    const give = (records: AnyRecords): unknown => {
      const packed = column(records).pack()
      return typeof type === 'string' ? packed : (type as unknown as Struct).unpacked(packed)
    }
    const combined = combine(give(a), give(b))
    column(result).unpack(combined instanceof Records ? packedOf(combined) : (combined as Float64Array))
  }
  return result
}

const packedOf = (records: AnyRecords): Uint8Array | Float64Array => view(records).pack() as Uint8Array

/** Whether an op is for records, and not for their elements. */
export function isForRecords(op: AnyOp): boolean {
  return op === (MAXLOC as AnyOp) || op === (MINLOC as AnyOp) || !isPredefined(op)
}

const isPredefined = (op: AnyOp): boolean => !mayChange(op)

/** One for each op and struct, for collectives of one op are one stream. */
const packedOps = new WeakMap<AnyOp, WeakMap<object, AnyOp>>()

/**
 * An op on records as one on what travels of them: each value is a run of packed records in a `DataView`, which nobody cuts.
 */
export function packedOp<F extends FieldTypes>(op: AnyOp, struct: Struct<F>): AnyOp {
  const made = packedOps.get(op) ?? new WeakMap<object, AnyOp>()
  packedOps.set(op, made)
  const found = made.get(struct) ?? makePackedOp(op, struct)
  made.set(struct, found)
  return found
}

function makePackedOp<F extends FieldTypes>(op: AnyOp, struct: Struct<F>): AnyOp {
  checkStruct(op, struct as unknown as Struct)
  const combine = isPredefined(op) ? locating(op, struct as unknown as Struct) : (op.combine as (a: AnyRecords, b: AnyRecords) => unknown)
  const { name, commutative } = op
  return {
    name,
    commutative,
    combine: (a: DataView, b: DataView): DataView => {
      const result = combine(struct.unpacked(a), struct.unpacked(b))
      if (!(result instanceof Records) || result.length * struct.size !== a.byteLength) {
        throw new DatatypeError(`op: '${name}' was given ${a.byteLength / struct.size} records of each, and returned ${shown(result)}`)
      }
      return asDataView(result)
    }
  }
}

/** What travels of records, as a value that no algorithm cuts. */
export function asDataView(records: AnyRecords): DataView {
  return new DataView(records.picked.runs.packed().buffer)
}

/** MAXLOC and MINLOC of records with the fields `value` and `location`. */
function locating(op: AnyOp, struct: Struct): (a: AnyRecords, b: AnyRecords) => AnyRecords {
  const names = Object.keys(struct.fields)
  if (names.length !== 2 || !names.includes('value') || !names.includes('location')) {
    throw new DatatypeError(
      `data: ${op.name} works on records of two fields named value and location, and not on { ${names.join(', ')} }; make an op with fieldwise or createOp`
    )
  }
  const choose = op.combine as unknown as (a: Located, b: Located) => Located
  return (a, b) => {
    for (let k = 0; k < b.length; k++) {
      const [from, into] = [a.get(k) as unknown as LocatedRecord, b.get(k) as unknown as LocatedRecord]
      const [value, location] = choose(pair(from), pair(into))
      into.value = value
      into.location = typeof into.location === 'bigint' ? BigInt(location) : location
    }
    return b
  }
}

type Located = readonly [value: number | bigint, location: number]
interface LocatedRecord {
  value: number | bigint
  location: number | bigint
}

const pair = ({ value, location }: LocatedRecord): Located => [value, Number(location)]

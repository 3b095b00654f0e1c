import { inspect } from 'node:util'
import { REFUSAL } from '../codec/refusal.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CountError } from '../errors.js'
import { type BasicType, sizeOf } from './basic.js'
import { here } from './here.js'
import type { StructLayout } from './layout.js'
import { arrayOf, type Elements, type Store } from './store.js'

export const PLAIN = Symbol('plain')

/**
 * A record in memory, whose fields are accessors: those of a struct's class read and write where the record is, so that V8 needs no object
 * for it. Where fields are not aligned a `DataView` does it.
 */
export interface LiveRecord {
  /** A plain object with the same fields, which shares no memory with it. */
  [PLAIN](): Record<string, unknown>
  [name: string]: unknown
}

export type RecordClass = new (store: Store, at: number) => LiveRecord

/** By struct: where records are aligned, and where not. */
const classes = new WeakMap<StructLayout, [aligned?: RecordClass, unaligned?: RecordClass]>()

export function recordClassOf(struct: StructLayout, aligned: boolean): RecordClass {
  let made = classes.get(struct)
  if (made === undefined) {
    made = []
    classes.set(struct, made)
  }
  const which = aligned && !struct.packed ? 0 : 1
  made[which] ??= makeClass(struct, which === 0)
  return made[which]
}

/** How one field is read and written, in a record at `at`. */
interface Accessor {
  get(store: Store, at: number): unknown
  set(store: Store, at: number, value: unknown): void
  /** On memory of its own. */
  plain(store: Store, at: number): unknown
}

function makeClass(struct: StructLayout, aligned: boolean): RecordClass {
  const accessors = Object.keys(struct.fields).map((name) => [name, accessorOf(struct, name, aligned)] as const)

  class Live {
    readonly #store: Store
    readonly #at: number

    constructor(store: Store, at: number) {
      this.#store = store
      this.#at = at
    }

    [PLAIN](): Record<string, unknown> {
      return Object.fromEntries(accessors.map(([name, { plain }]) => [name, plain(this.#store, this.#at)]))
    }

    get [REFUSAL](): string {
      return 'a live record cannot be sent within an object; send records.toArray()[index], or records.subarray(index, index + 1)'
    }

    [inspect.custom](_depth: number, options: object): string {
      return inspect(this[PLAIN](), options)
    }

    static {
      Object.defineProperty(Live.prototype, 'toJSON', { value: Live.prototype[PLAIN], configurable: true })
      for (const [name, { get, set }] of accessors) {
        Object.defineProperty(Live.prototype, name, {
          enumerable: true,
          configurable: true,
          get(this: Live) {
            return get(this.#store, this.#at)
          },
          set(this: Live, value: unknown) {
            set(this.#store, this.#at, value)
          }
        })
      }
    }
  }
  return Live as unknown as RecordClass
}

/** Fields that were told as arrays, also of one element. */
const arrays = new WeakMap<StructLayout, ReadonlySet<string>>()

export function declareArrays(struct: StructLayout, names: ReadonlySet<string>): void {
  arrays.set(struct, names)
}

const isArray = (struct: StructLayout, name: string): boolean => arrays.get(struct)?.has(name) ?? struct.fields[name]!.count !== 1

function accessorOf(struct: StructLayout, name: string, aligned: boolean): Accessor {
  const { type, count, offset } = struct.fields[name]!
  if (isArray(struct, name))
    return typeof type === 'string' ? arrayField(name, type, count, offset, aligned) : listField(name, type, count, offset, aligned)
  if (typeof type === 'string') return aligned ? element(type, offset) : looseElement(type, offset)
  return nested(name, type, offset, aligned)
}

function element(type: BasicType, offset: number): Accessor {
  const size = sizeOf(type)
  const get = (store: Store, at: number): number | bigint => store[type][(at + offset) / size]!
  return {
    get,
    set: (store, at, value) => {
      store[type][(at + offset) / size] = value as number
    },
    plain: get
  }
}

/** What a DataView calls its methods for a type. */
const methods: Record<BasicType, string> = {
  i8: 'Int8',
  u8: 'Uint8',
  u8c: 'Uint8',
  i16: 'Int16',
  u16: 'Uint16',
  i32: 'Int32',
  u32: 'Uint32',
  i64: 'BigInt64',
  u64: 'BigUint64',
  f16: 'Float16',
  f32: 'Float32',
  f64: 'Float64'
}

const clamped = new Uint8ClampedArray(1)

function looseElement(type: BasicType, offset: number): Accessor {
  const read = Reflect.get(DataView.prototype, `get${methods[type]}`) as (this: DataView, at: number, little: boolean) => number | bigint
  const write = Reflect.get(DataView.prototype, `set${methods[type]}`) as (
    this: DataView,
    at: number,
    value: unknown,
    little: boolean
  ) => void
  const get = (store: Store, at: number): number | bigint => read.call(store.bytes, at + offset, true)
  return {
    get,
    set: (store, at, value) => {
      if (type === 'u8c') clamped[0] = value as number
      write.call(store.bytes, at + offset, type === 'u8c' ? clamped[0] : value, true)
    },
    plain: get
  }
}

function arrayField(name: string, type: BasicType, count: number, offset: number, aligned: boolean): Accessor {
  const ArrayOf = arrayOf(type)
  const Loose = aligned ? undefined : looseArray(type, count)
  const get = (store: Store, at: number): Elements =>
    Loose === undefined ? new ArrayOf(store.buffer, at + offset, count) : new Loose(store, at + offset)
  return {
    get,
    set: (store, at, value) => assign(get(store, at), value, count, name, (array, k, part) => (array[k] = part as number)),
    plain: (store, at) => ArrayOf.from(get(store, at))
  }
}

/** An array whose elements are not aligned: an accessor for each. */
function looseArray(type: BasicType, count: number): new (store: Store, at: number) => Elements {
  const size = sizeOf(type)
  class LooseArray {
    readonly length = count
    readonly #store: Store
    readonly #at: number

    constructor(store: Store, at: number) {
      this.#store = store
      this.#at = at
      Object.defineProperty(this, 'length', { enumerable: false, writable: false })
    }

    *[Symbol.iterator](): Iterator<unknown> {
      for (let k = 0; k < count; k++) yield (this as unknown as Elements)[k]
    }

    join(separator?: string): string {
      return [...this].join(separator)
    }

    [inspect.custom](_depth: number, options: object): string {
      return inspect(arrayOf(type).from(this as unknown as Elements), options)
    }

    static {
      for (let k = 0; k < count; k++) {
        const { get, set } = looseElement(type, k * size)
        Object.defineProperty(LooseArray.prototype, k, {
          enumerable: true,
          get(this: LooseArray) {
            return get(this.#store, this.#at)
          },
          set(this: LooseArray, value: unknown) {
            set(this.#store, this.#at, value)
          }
        })
      }
    }
  }
  return LooseArray as unknown as new (
    store: Store,
    at: number
  ) => Elements
}

function nested(name: string, struct: StructLayout, offset: number, aligned: boolean): Accessor {
  const Live = recordClassOf(struct, aligned)
  const get = (store: Store, at: number): LiveRecord => new Live(store, at + offset)
  return {
    get,
    set: (store, at, value) => assignFields(get(store, at), struct, value, name),
    plain: (store, at) => get(store, at)[PLAIN]()
  }
}

function listField(name: string, struct: StructLayout, count: number, offset: number, aligned: boolean): Accessor {
  const Live = recordClassOf(struct, aligned)
  const get = (store: Store, at: number): LiveRecord[] =>
    Array.from({ length: count }, (_, k) => new Live(store, at + offset + k * struct.extent))
  return {
    get,
    set: (store, at, value) =>
      assign(get(store, at), value, count, name, (list, k, part) => assignFields(list[k]!, struct, part, `${name}[${k}]`)),
    plain: (store, at) => get(store, at).map((record) => record[PLAIN]())
  }
}

function assign<T>(target: T, value: unknown, count: number, name: string, put: (target: T, k: number, part: unknown) => void): void {
  here(() => {
    const { length } = Object(value) as ArrayLike<unknown>
    if (typeof value !== 'object' || !Number.isInteger(length)) throw new ArgumentError(`${name}: expected an array, got ${shown(value)}`)
    if (length > count) throw new CountError(`${name}: ${length} elements for a field of ${count}; give at most as many`)
    for (let k = 0; k < length; k++) put(target, k, (value as ArrayLike<unknown>)[k])
  })
}

/** Writes some fields of a record. */
export function assignFields(record: LiveRecord, { fields }: StructLayout, values: unknown, name: string): void {
  here(() => {
    if (typeof values !== 'object' || values === null)
      throw new ArgumentError(`${name}: expected an object of fields, got ${shown(values)}`)
    const given = Object.entries(PLAIN in values ? (values as LiveRecord)[PLAIN]() : values)
    for (const [field] of given) {
      if (!Object.hasOwn(fields, field)) {
        throw new ArgumentError(`${name}: ${shown(field)} is no field; expected some of ${Object.keys(fields).join(', ')}`)
      }
    }
    for (const [field, value] of given) record[field] = value
  })
}

import { arrayName, type BasicType } from './basic.js'

/** A typed array of any type. */
export interface Elements extends Iterable<number | bigint> {
  [index: number]: number | bigint
  readonly length: number
}

type ArrayConstructor = {
  new (buffer: ArrayBufferLike, offset: number, length: number): Elements
  from(elements: Iterable<number | bigint>): Elements
  readonly BYTES_PER_ELEMENT: number
}

/** The class of arrays of a type; absent where Node has no `Float16Array`. */
export const arrayOf = (type: BasicType): ArrayConstructor => Reflect.get(globalThis, arrayName[type]) as ArrayConstructor

/** A buffer as arrays of every basic type, and as bytes at any place. */
export type Store = { readonly buffer: ArrayBufferLike; readonly bytes: DataView } & { readonly [type in BasicType]: Elements }

const types = Object.keys(arrayName) as BasicType[]
const stores = new WeakMap<ArrayBufferLike, Store>()

export function storeOn(buffer: ArrayBufferLike): Store {
  let store = stores.get(buffer)
  if (store === undefined) {
    store = makeStore(buffer)
    stores.set(buffer, store)
  }
  return store
}

function makeStore(buffer: ArrayBufferLike): Store {
  const arrays = types.map((type) => {
    const ArrayOf = arrayOf(type) as ArrayConstructor | undefined
    return [type, ArrayOf && new ArrayOf(buffer, 0, Math.floor(buffer.byteLength / ArrayOf.BYTES_PER_ELEMENT))] as const
  })
  return { buffer, bytes: new DataView(buffer), ...Object.fromEntries(arrays) } as unknown as Store
}

import { types } from 'node:util'

/**
 * Whether two values are equal in kind, content and identity: wherever one holds the same thing twice, so does the other. Works
 * without recursion and across realms. Returns what differs first, or `undefined`.
 */
export function difference(left: unknown, right: unknown): string | undefined {
  const pairs: [unknown, unknown][] = [[left, right]]
  const partners = new Map<unknown, unknown>()
  const taken = new Map<unknown, unknown>()
  for (const [a, b] of pairs) {
    if (typeof a !== 'object' || a === null) {
      if (!Object.is(typeof a === 'string' ? Buffer.from(a).toString() : a, b)) return `${String(a)} ≠ ${String(b)}`
      continue
    }
    if (typeof b !== 'object' || b === null) return `an object ≠ ${String(b)}`
    if (partners.has(a) || taken.has(b)) {
      if (partners.get(a) !== b || taken.get(b) !== a) return 'different identity'
      continue
    }
    partners.set(a, b)
    taken.set(b, a)
    if (kindOf(a) !== kindOf(b)) return `${kindOf(a)} ≠ ${kindOf(b)}`
    const inA = contents(a)
    const inB = contents(b)
    if (inA.length !== inB.length) return `${inA.length} ≠ ${inB.length} values in a ${kindOf(a)}`
    inA.forEach((value, i) => {
      pairs.push([value, inB[i]])
    })
  }
  return undefined
}

function kindOf(value: object): string {
  if (Buffer.isBuffer(value)) return 'Buffer'
  if (Array.isArray(value)) return 'Array'
  if (types.isNativeError(value)) return `error ${value.name}`
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === 'SharedArrayBuffer' ? 'ArrayBuffer' : tag
}

function contents(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
  if (types.isAnyArrayBuffer(value)) return [...new Uint8Array(value as ArrayBuffer)]
  if (types.isMap(value)) return [...value].flat()
  if (types.isSet(value)) return [...value]
  if (types.isDate(value)) return [value.getTime()]
  if (types.isRegExp(value)) return [value.source, value.flags]
  if (Array.isArray(value)) return [...value]
  const fields = Object.keys(value).flatMap((key) => [key, Reflect.get(value, key)])
  if (types.isNativeError(value)) fields.push(value.message, value.stack, value.cause, Reflect.get(value, 'errors'))
  return fields
}

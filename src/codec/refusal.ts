import { types } from 'node:util'

/** Why a value cannot be sent and what to do, or `undefined`. */
export function refusalOf(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function cannot be sent; send data, or the name of a function that the receiver has'
  if (typeof value === 'symbol') return 'a symbol cannot be sent; send a string'
  if (typeof value !== 'object' || value === null) return undefined
  if (types.isPromise(value) || typeof Reflect.get(value, 'then') === 'function')
    return 'a promise cannot be sent; await it and send its value'
  if (isObservable(value)) return 'an observable cannot be sent; subscribe to it and send its values'
  if (types.isBoxedPrimitive(value)) return 'a boxed primitive cannot be sent; send what its valueOf() returns'
  if (types.isWeakMap(value)) return 'a WeakMap cannot be sent; send a Map'
  if (types.isWeakSet(value)) return 'a WeakSet cannot be sent; send a Set'
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object WeakRef]') return 'a WeakRef cannot be sent; send what its deref() returns'
  if (/(Iterator|Generator)\]$/.test(tag)) return 'an iterator cannot be sent; send an array of its values'
  // A proxy of one passes for it but hides what it holds: sent as an object of its own fields it would arrive empty.
  const hollow = [Map, Set, Date, RegExp, ArrayBuffer].find((type) => value instanceof type)
  if (hollow !== undefined) return `a proxy of a ${hollow.name} cannot be sent; send the ${hollow.name} itself, or a copy`
  return undefined
}

/** What rxjs and others call the method that makes a thing an observable; a polyfill may define the symbol at any time. */
export const observableSymbol = (): symbol | undefined => (Symbol as { readonly observable?: symbol }).observable

function isObservable(value: object): boolean {
  const symbol = observableSymbol()
  if ('@@observable' in value || (symbol !== undefined && symbol in value)) return true
  return typeof Reflect.get(value, 'lift') === 'function' && typeof Reflect.get(value, 'subscribe') === 'function'
}

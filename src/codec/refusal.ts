import { types } from 'node:util'
import { withArticle } from './article.js'
import { isNative, platformClass } from './builtin.js'

/** Under which a class of ours says why its instances cannot be sent. */
export const REFUSAL = Symbol('rxmpi.refusal')

/** Says of a class that its instances are of use on their own rank only. */
export function staysHere(type: { readonly prototype: object }, what: string): void {
  Object.defineProperty(type.prototype, REFUSAL, { value: `${what} cannot be sent, for it is its rank's own; send data` })
}

/** A field of what stays on its rank and has no other function among its fields: neither does a Worker get it as a husk. */
export const STAYS = (): string => 'it is of use on its own rank only'

/** Why a value cannot be sent and what to do, or `undefined`. */
export function refusalOf(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function cannot be sent; send data, or the name of a function that the receiver has'
  if (typeof value === 'symbol') return 'a symbol cannot be sent; send a string'
  if (typeof value !== 'object' || value === null) return undefined
  if (REFUSAL in value) return String(value[REFUSAL])
  if (types.isPromise(value) || typeof Reflect.get(value, 'then') === 'function')
    return 'a promise cannot be sent; await it and send its value'
  if (isObservable(value)) return 'an observable cannot be sent; subscribe to it and send its values'
  if (types.isBoxedPrimitive(value)) return 'a boxed primitive cannot be sent; send what its valueOf() returns'
  // The iterators of the engine have no class, but what takes the next step is native.
  if (isNative(Reflect.get(value, 'next'))) return 'an iterator cannot be sent; send an array of its values'
  const name = platformClass(value)
  return name === undefined ? undefined : platformRefusal(value, name)
}

/** A proxy of one passes for it but hides what it holds. */
const HOLLOW = new Set(['Map', 'Set', 'Date', 'RegExp', 'URL', 'ArrayBuffer', 'SharedArrayBuffer', 'DataView'])

const INSTEAD = new Map([
  ['WeakMap', 'send a Map'],
  ['WeakSet', 'send a Set'],
  ['WeakRef', 'send what its deref() returns']
])

/** An object of the engine's or the runtime's: sent as an object of its own fields it would arrive empty. */
function platformRefusal(value: object, name: string): string {
  if (HOLLOW.has(name)) return `a proxy of ${withArticle(name)} cannot be sent; send the ${name} itself, or a copy`
  const own = Object.getPrototypeOf(value).constructor?.name
  const what = typeof own === 'string' && own !== '' ? own : name || 'object of the runtime'
  const more = name === '' || what === name ? '' : ` (a class that extends ${name})`
  const instead = INSTEAD.get(name) ?? `what it holds is in no field; ${insteadOf(value)}`
  return `${withArticle(what)}${more} cannot be sent; ${instead}`
}

function insteadOf(value: object): string {
  if (Symbol.iterator in value) return 'send an array of its entries, [...it]'
  if ('toJSON' in value) return 'send what its toJSON() returns'
  if ('arrayBuffer' in value) return 'send what its arrayBuffer() resolves to'
  return 'send plain data that says what the receiver needs of it'
}

/** What rxjs and others call the method that makes a thing an observable; a polyfill may define the symbol at any time. */
export const observableSymbol = (): symbol | undefined => (Symbol as { readonly observable?: symbol }).observable

function isObservable(value: object): boolean {
  const symbol = observableSymbol()
  if ('@@observable' in value || (symbol !== undefined && symbol in value)) return true
  return typeof Reflect.get(value, 'lift') === 'function' && typeof Reflect.get(value, 'subscribe') === 'function'
}

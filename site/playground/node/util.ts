/** `node:util` for a browser: values in words as Node has them, and the questions that the codec and marbles ask. */
import { inspect } from 'node-inspect-extracted'
import { types as ofPages } from '../../../client/no-node.js'

export { inspect }

const isTagged =
  (...names: string[]) =>
  (value: unknown): boolean =>
    names.includes(Object.prototype.toString.call(value).slice('[object '.length, -1))

export const types = {
  ...ofPages,
  isBoxedPrimitive: (value: unknown): boolean =>
    typeof value === 'object' && isTagged('Number', 'String', 'Boolean', 'Symbol', 'BigInt')(value),
  isDate: isTagged('Date'),
  isMap: isTagged('Map'),
  isPromise: isTagged('Promise'),
  isRegExp: isTagged('RegExp'),
  isSet: isTagged('Set'),
  isSharedArrayBuffer: isTagged('SharedArrayBuffer')
}

export const debuglog = () => (): void => undefined

const WHOLE = { depth: Infinity, sorted: true, maxArrayLength: Infinity, maxStringLength: Infinity }

/** For what marbles are drawn of: equal is what is the same in words, of whatever length. */
export const isDeepStrictEqual = (one: unknown, other: unknown): boolean =>
  Object.is(one, other) || (typeof one === 'object' && typeof other === 'object' && inspect(one, WHOLE) === inspect(other, WHOLE))

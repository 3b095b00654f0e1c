/** Errors as their class and fields, and back. */

import { types } from 'node:util'
import { builtinClass } from './builtin.js'

const names = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
  'SuppressedError'
]

/** Those of the classes that this runtime has, by name. */
const classes = new Map(names.filter((name) => name in globalThis).map((name) => [name, Reflect.get(globalThis, name) as ErrorConstructor]))

/** Fields that an error has without showing them. */
export const hidden = ['message', 'stack', 'cause', 'errors', 'error', 'suppressed']

/** The nearest built-in class, by name: an error of another realm is of that realm's class. */
export function classOf(error: object): string {
  for (let type = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type)) {
    const name = builtinClass(type)
    if (name !== undefined && classes.has(name)) return name
  }
  return 'Error'
}

/** Also one of another realm, and a DOMException, which is none to `isNativeError`. */
export const isError = (value: object): boolean =>
  types.isNativeError(value) || value instanceof Error || ('message' in value && 'stack' in value && inheritsFromError(value))

function inheritsFromError(value: object): boolean {
  for (let type = Object.getPrototypeOf(value); type !== null; type = Object.getPrototypeOf(type)) {
    if (builtinClass(type) === 'Error') return true
  }
  return false
}

/** `[class, number of hidden fields, name, value, name, value, …]`, the hidden ones first. */
export function fieldsOf(error: object): unknown[] {
  const type = classOf(error)
  const fields: unknown[] = [type, 0]
  const name = Reflect.get(error, 'name')
  if (name !== type && !shows(error, 'name')) fields.push('name', name)
  for (const field of hidden) {
    if (shows(error, field)) continue
    const value = Reflect.get(error, field)
    // An inherited one is a getter's (DOMException's message) or a class's empty default.
    if (Object.hasOwn(error, field) || (typeof value === 'string' && value !== '')) fields.push(field, value)
  }
  fields[1] = (fields.length - 2) / 2
  for (const field of Object.keys(error)) fields.push(field, Reflect.get(error, field))
  return fields
}

const shows = (error: object, field: string): boolean => Object.prototype.propertyIsEnumerable.call(error, field)

export const isErrorClass = (name: unknown): name is string => typeof name === 'string' && names.includes(name)

/** An error of that class without any field; a class that this runtime lacks becomes Error. */
export function emptyError(name: string): Error {
  const error = new Error()
  delete error.stack
  const type = classes.get(name)
  if (type !== undefined && type !== Error) Object.setPrototypeOf(error, type.prototype)
  return error
}

export function setField(error: Error, field: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, field, { value, enumerable, writable: true, configurable: true })
}

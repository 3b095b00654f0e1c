/**
 * Which objects are the engine's or the runtime's own (`Intl.NumberFormat`, `Headers`, `MessagePort`): what they hold is in no field, so as
 * objects of their own fields they would arrive empty.
 *
 * The class says so, and not its name: its source text is native code, or it was a global class before the program came.
 */

/** Of the globals only names: looking at some of them would load them. */
const globals = new Set(Object.getOwnPropertyNames(globalThis))

/** No source that parses ends like this. */
const NATIVE = /\{\s*\[native code\]\s*\}$/
const sourceOf = Function.prototype.toString

export const isNative = (value: unknown): boolean => typeof value === 'function' && NATIVE.test(sourceOf.call(value))

/** By prototype, for asking takes long. */
const classes = new WeakMap<object, string | undefined>()

/** The name of the class that has this prototype, where it is the engine's or the runtime's. */
export function builtinClass(prototype: object): string | undefined {
  if (!classes.has(prototype)) classes.set(prototype, findClass(prototype))
  return classes.get(prototype)
}

function findClass(prototype: object): string | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof type !== 'function' || type.prototype !== prototype) return undefined
  return isNative(type) || isGlobal(type) ? String(type.name) : undefined
}

const isGlobal = (type: { readonly name: unknown }): boolean =>
  typeof type.name === 'string' && globals.has(type.name) && Reflect.get(globalThis, type.name) === type

/** Those whose instances are made by programs as others are. */
const ORDINARY = new Set(['Object', 'Array'])

/** The name of the nearest such class that an object is an instance of, itself or as one of a class that extends it. */
export function platformClass(value: object): string | undefined {
  for (let prototype = Object.getPrototypeOf(value); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = builtinClass(prototype)
    if (name !== undefined) return ORDINARY.has(name) ? undefined : name
  }
  return undefined
}

/** A getter of the engine's, which reads what an object has and not what a program has put over it. */
export const getterOf = <T>(prototype: object, key: PropertyKey): ((this: unknown) => T) =>
  Object.getOwnPropertyDescriptor(prototype, key)!.get as (this: unknown) => T

import { inspect, types } from 'node:util'
import * as errors from '../errors.js'

/** An error on its way from a rank to the launcher: what to print, and what to build an equal error from. */
export interface ErrorRecord {
  text: string
  /** Absent when something else than an Error was thrown. */
  error?: ErrorParts | undefined
  /** What was thrown instead, where it can be cloned. */
  value?: unknown
}

interface ErrorParts {
  name: string
  /** Whose `name` it is, so that `instanceof` goes on to hold. */
  family: 'builtin' | 'rxmpi' | 'other'
  message: string
  stack: string
  fields: Record<string, unknown>
  cause?: ErrorRecord | undefined
}

const MAX_CAUSES = 8
/** Frames that say nothing about the program: the launcher's own and Node's module loader. */
const OWN_FRAME = /^\s+at .*(\/launch\/rank\/rank\.js|node:internal\/(modules|process|worker|main|per_context))/

export function recordError(thrown: unknown, { colors = false } = {}): ErrorRecord {
  try {
    const record = describe(thrown, MAX_CAUSES)
    return { ...record, text: textOf(thrown, colors) }
  } catch {
    return { text: 'an error that cannot be shown' }
  }
}

function describe(thrown: unknown, causes: number): ErrorRecord {
  if (!isError(thrown)) return { text: textOf(thrown, false), value: cloned(thrown) }
  tidy(thrown)
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(thrown)) {
    const copy = cloned(value)
    if (copy !== undefined) fields[key] = copy
  }
  const cause = 'cause' in thrown && causes > 0 ? describe(thrown.cause, causes - 1) : undefined
  const { name, message, stack } = thrown
  const error = { name: String(name), family: familyOf(thrown), message: String(message), stack: String(stack), fields, cause }
  if (error.family === 'rxmpi') hideContext(thrown)
  return { text: textOf(thrown, false), error }
}

/** An error equal to the one recorded; whatever else was thrown comes back as itself or, where it could not be cloned, as its text. */
export function restoreError({ text, error, value }: ErrorRecord): unknown {
  if (error === undefined) return value ?? text
  const { message, cause, name, family, stack, fields } = error
  const restored = new Error(message, cause === undefined ? undefined : { cause: restoreError(cause) })
  const type = family === 'other' ? undefined : (family === 'builtin' ? builtins : (errors as unknown as typeof builtins))[name]
  if (type !== undefined) Object.setPrototypeOf(restored, type.prototype)
  for (const [key, content] of Object.entries({ name, stack })) {
    Object.defineProperty(restored, key, { value: content, configurable: true, writable: true, enumerable: false })
  }
  return Object.assign(restored, fields)
}

/** Where Node could not link the program, its error speaks of compiled files, which a source map does not change. */
export function translateRecord({ text, error, value }: ErrorRecord, translate: (text: string) => string): ErrorRecord {
  if (error === undefined) return { text: translate(text), value }
  const { message, stack, cause } = error
  const translated = { ...error, message: translate(message), stack: translate(stack), cause: cause && translateRecord(cause, translate) }
  return { text: translate(text), error: translated }
}

function textOf(thrown: unknown, colors: boolean): string {
  const text = inspect(thrown, { colors })
  // An error without a frame of the program is shown in brackets.
  return isError(thrown) ? text.replace(/^\[([\s\S]*)\]$/, '$1') : `Uncaught ${text}`
}

const builtins: Record<string, { prototype: object } | undefined> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError
}

function familyOf(error: Error): ErrorParts['family'] {
  if (error instanceof errors.RxmpiError) return 'rxmpi'
  return builtins[error.constructor?.name] === error.constructor ? 'builtin' : 'other'
}

/** A DOMException is an Error, though not to V8. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error
}

function tidy(error: Error): void {
  const lines = String(error.stack).split('\n')
  if (!Object.isFrozen(error)) error.stack = lines.filter((line) => !OWN_FRAME.test(line)).join('\n')
}

/** Its message says it all. */
function hideContext(error: Error): void {
  for (const key of ['rank', 'communicator', 'callSite']) Object.defineProperty(error, key, { enumerable: false })
}

function cloned(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

import { classOf, emptyError, hidden, isError, setField } from './errorFields.js'
import { decodeObject, encodeObject } from './object.js'
import { looking } from './reference.js'

/** Enough for any chain of causes; a getter may make up another for ever. */
const MOST = 256

/**
 * What of a thrown value can be sent: of an error and those that it tells of (`cause`, `errors` …) class, name, message and stack, for
 * other fields may be anything. Cycles stay cycles. Never throws.
 */
export function sendableError(error: unknown): unknown {
  const copies = new Map<object, Error>()
  const place = (value: unknown): unknown => {
    if (!isErrorSafely(value)) return sendableValue(value)
    const known = copies.get(value)
    if (known !== undefined) return known
    if (copies.size === MOST) return undefined
    const copy = emptyError(classOf(value))
    copies.set(value, copy)
    return copy
  }
  const first = place(error)
  // A Map shows what is added while it is walked through: no recursion, for a chain may be long.
  for (const [original, copy] of copies) {
    for (const field of ['name', ...hidden]) {
      const value = fieldOf(original, field)
      if (value === undefined || value === fieldOf(copy, field)) continue
      if (field === 'errors' && Array.isArray(value)) setField(copy, field, value.slice(0, MOST).map(place), false)
      else setField(copy, field, texts.has(field) ? textOf(value) : place(value), false)
    }
  }
  return first
}

/** How a line says what was thrown. */
export function textOf(thrown: unknown): string {
  try {
    const { name = 'Error', message } = Object(thrown) as Partial<Error>
    return typeof message === 'string' ? `${name}: ${message}` : String(thrown)
  } catch {
    return 'a value that cannot be shown'
  }
}

const texts = new Set(['name', 'message', 'stack'])

function isErrorSafely(value: unknown): value is object {
  try {
    return typeof value === 'object' && value !== null && isError(value)
  } catch {
    return false
  }
}

/** Getters of errors may throw too. */
function fieldOf(error: object, field: string): unknown {
  try {
    return Reflect.get(error, field)
  } catch {
    return undefined
  }
}

/** A copy, for its getters may answer differently the next time. */
function sendableValue(value: unknown): unknown {
  let copy: unknown
  try {
    looking(() => {
      copy = decodeObject(encodeObject(value).slice())
    })
    return copy
  } catch {
    return textOf(value)
  }
}

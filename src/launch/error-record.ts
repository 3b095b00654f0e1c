import { inspect, types } from 'node:util'

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
  message: string
  stack: string
  fields: Record<string, unknown>
  cause?: ErrorRecord | undefined
}

const MAX_CAUSES = 8
/** Frames that say nothing about the program: the launcher's own and Node's module loader. */
const OWN_FRAME = /^\s+at .*(\/launch\/rank\.js|node:internal\/(modules|process|worker|main|per_context))/

export function recordError(thrown: unknown, { colors = false, causes = MAX_CAUSES } = {}): ErrorRecord {
  for (let error = thrown, k = 0; types.isNativeError(error) && k < MAX_CAUSES; error = error.cause, k++) shortenStack(error)
  const text = textOf(thrown, colors)
  if (!types.isNativeError(thrown)) return { text, value: cloned(thrown) }
  const { name, message, stack, cause } = thrown
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(thrown)) {
    const copy = cloned(value)
    if (copy !== undefined) fields[key] = copy
  }
  const withCause = 'cause' in thrown && causes > 0 ? recordError(cause, { causes: causes - 1 }) : undefined
  return { text, error: { name: String(name), message: String(message), stack: String(stack), fields, cause: withCause } }
}

/** An error equal to the one recorded; whatever else was thrown comes back as itself or, where it could not be cloned, as its text. */
export function restoreError({ text, error, value }: ErrorRecord): unknown {
  if (error === undefined) return value ?? text
  const { message, cause, name, stack, fields } = error
  const restored = new Error(message, cause === undefined ? undefined : { cause: restoreError(cause) })
  for (const [key, content] of Object.entries({ name, stack })) {
    Object.defineProperty(restored, key, { value: content, configurable: true, writable: true, enumerable: false })
  }
  return Object.assign(restored, fields)
}

function textOf(thrown: unknown, colors: boolean): string {
  try {
    const text = inspect(thrown, { colors })
    return types.isNativeError(thrown) ? text : `Uncaught ${text}`
  } catch {
    return 'an error that cannot be shown'
  }
}

function shortenStack(error: Error): void {
  try {
    const lines = String(error.stack).split('\n')
    error.stack = lines.filter((line) => !OWN_FRAME.test(line)).join('\n')
  } catch {
    // A frozen error keeps its stack.
  }
}

function cloned(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

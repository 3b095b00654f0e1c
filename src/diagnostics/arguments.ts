import { inspect } from 'node:util'
import { type BufferLike, datatypeOf, lossOf, OBJECT } from '../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_UB } from '../constants.js'
import { ArgumentError, RankError, TagError } from '../errors.js'
import { captureCallSite } from './call-site.js'
import { inContext } from './error-context.js'
import { type AnyNames, checkNames } from './option-names.js'

/** Checks of arguments: each names the argument, what it was and what was expected, before anything else happens. */

export const shown = (value: unknown): string =>
  inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 40, breakLength: Number.POSITIVE_INFINITY })

export function checkDest(dest: number, size: number, name = 'dest'): void {
  if ((Number.isInteger(dest) && dest >= 0 && dest < size) || dest === PROC_NULL) return
  throw new RankError(`${name}: ${shown(dest)} is no rank to send to; expected an integer from 0 to ${size - 1}, or PROC_NULL`)
}

export function checkSource(source: number, size: number): void {
  if ((Number.isInteger(source) && source >= 0 && source < size) || source === ANY_SOURCE || source === PROC_NULL) return
  throw new RankError(
    `source: ${shown(source)} is no rank to receive from; expected an integer from 0 to ${size - 1}, ANY_SOURCE or PROC_NULL`
  )
}

export function checkRoot(root: number, size: number): void {
  if (Number.isInteger(root) && root >= 0 && root < size) return
  throw new RankError(`root: ${shown(root)} is no rank of the communicator; expected an integer from 0 to ${size - 1}`)
}

export function checkTag(tag: number, name = 'tag'): void {
  if (isTag(tag)) return
  throw new TagError(`${name}: ${shown(tag)} is no tag; expected an integer from 0 to TAG_UB (${TAG_UB})`)
}

export function checkReceiveTag(tag: number, name = 'tag'): void {
  if (isTag(tag) || tag === ANY_TAG) return
  throw new TagError(`${name}: ${shown(tag)} is no tag to receive; expected an integer from 0 to TAG_UB (${TAG_UB}), or ANY_TAG`)
}

const isTag = (tag: number): boolean => Number.isInteger(tag) && tag >= 0 && tag <= TAG_UB

/** That there are options, and that each is one of the call's; the example is for who has given none. */
export function checkOptions(options: unknown, names: AnyNames, example: string): void {
  checkObject(options, example)
  checkNames(options, names)
}

export function checkObject(options: unknown, example: string): asserts options is object {
  if (typeof options === 'object' && options !== null) return
  throw new ArgumentError(`options: expected an object such as ${example}, got ${shown(options)}`)
}

/** That it is what a call of a communicator's gives: a file, a halo. */
export function checkKind(value: unknown, kind: string, example: string): void {
  if ((value as { kind?: unknown } | null | undefined)?.kind === kind) return
  const error = new ArgumentError(`${kind}: expected what ${example} gives, got ${shown(value)}`)
  throw inContext(error, {}, captureCallSite())
}

export function checkInto(into: BufferLike): void {
  if (datatypeOf(into) === OBJECT) {
    throw new ArgumentError(`into: expected a typed array, DataView, Buffer or ArrayBuffer to receive into, got ${shown(into)}`)
  }
  checkAttached(into, 'into')
}

/** Throws where the memory of a buffer is gone: it is detached, or a view is out of its bounds. */
export function checkAttached(buffer: BufferLike, name: string): void {
  try {
    if (buffer.byteLength > 0) return
  } catch {
    // As a DataView does.
  }
  const loss = lossOf(buffer)
  if (loss === 'detached') throw new ArgumentError(`${name}: the buffer is detached (it was transferred away); give one that is not`)
  if (loss !== undefined) {
    throw new ArgumentError(`${name}: the view is out of bounds (its buffer was resized); give one within its buffer`)
  }
}

export function checkSignal(signal: unknown): void {
  if (signal instanceof AbortSignal) return
  // One of another realm, or of a library, is known by what it can do.
  const { aborted, addEventListener, removeEventListener } = Object(signal) as AbortSignal
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function') return
  throw new ArgumentError(`signal: expected an AbortSignal, got ${shown(signal)}`)
}

export function checkStatusCode(code: unknown): void {
  if (Number.isInteger(code) && (code as number) >= 0 && (code as number) <= 255) return
  throw new ArgumentError(`code: ${shown(code)} is no exit status; expected an integer from 0 to 255`)
}

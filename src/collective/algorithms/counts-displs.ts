import { withArticle } from '../../codec/article.js'
import { type BufferLike, datatypeOf, elementSize, matches, memoryOf, nameOf, OBJECT } from '../../codec/datatype.js'
import { shown } from '../../diagnostics/arguments.js'
import { AliasError, ArgumentError, CountError, DatatypeError, TruncationError } from '../../errors.js'
import { type Memory, overlapping } from '../../memory/copy.js'
import type { Integers } from '../call.js'
import { checkSendable } from '../given.js'

/** Runs of elements that arrays are cut into and made of, and what can be wrong with them. */

export type { Integers }

/** A run of a buffer's memory, in bytes. */
export const runOf = ({ buffer, byteOffset }: Memory, first: number, length: number): Memory =>
  length < LARGEST_UINT8ARRAY
    ? new Uint8Array(buffer, byteOffset + first, length)
    : { buffer, byteOffset: byteOffset + first, byteLength: length }

const LARGEST_UINT8ARRAY = 2 ** 32 - 1

/** How many elements a buffer has. */
export const lengthOf = (data: BufferLike): number => data.byteLength / elementSize(datatypeOf(data))

export const packed = (counts: Integers): number[] => {
  const displs: number[] = []
  let next = 0
  for (let k = 0; k < counts.length; k++) {
    displs.push(next)
    next += counts[k]!
  }
  return displs
}

/** The end of the last run. */
export function endOf(counts: Integers, displs: Integers): number {
  let end = 0
  for (let k = 0; k < counts.length; k++) if (counts[k]! > 0) end = Math.max(end, displs[k]! + counts[k]!)
  return end
}

/** The memory of each run of a buffer. */
export function cut(data: BufferLike, counts: Integers, displs: Integers = packed(counts)): Memory[] {
  const memory = memoryOf(data)
  const size = elementSize(datatypeOf(data))
  return Array.from(counts, (count, k) => runOf(memory, displs[k]! * size, count * size))
}

export function cutEqually(data: BufferLike, parts: number): Memory[] {
  const memory = memoryOf(data)
  const length = memory.byteLength / parts
  return Array.from({ length: parts }, (_, k) => runOf(memory, k * length, length))
}

export const isBuffer = (data: unknown): data is BufferLike => datatypeOf(data) !== OBJECT

export function checkBuffer(data: unknown): asserts data is BufferLike {
  if (!isBuffer(data)) throw new DatatypeError(`data: expected a typed array, got ${shown(data)}`)
  checkSendable(data)
}

/** What is to be dealt out to `size` ranks, or edges: as many values, or a buffer of equal runs. */
export function checkParts(data: unknown, size: number, each = 'rank'): asserts data is BufferLike | readonly unknown[] {
  if (isBuffer(data)) {
    checkSendable(data)
    const length = lengthOf(data)
    if (length % size === 0) return
    throw new CountError(
      `data: ${length} elements cannot be cut into ${size} equal runs; give a multiple of ${size}, ` +
        `or say how many each ${each} gets with the call that ends in v`
    )
  }
  if (!Array.isArray(data))
    throw new DatatypeError(`data: expected an array of ${size} values, one a ${each}, or a typed array, got ${shown(data)}`)
  if (data.length !== size) throw new CountError(`data: expected an array of ${size} values, one a ${each}, got ${data.length}`)
  for (const value of data) checkSendable(value)
}

/** Throws unless there is a count or a displacement for each rank, or edge. */
export function checkCounts(counts: unknown, size: number, name = 'counts', each = 'rank'): asserts counts is Integers {
  const isList = Array.isArray(counts) || (isBuffer(counts) && 'length' in counts)
  const list = isList ? Array.from(counts as Integers) : []
  if (!isList || !list.every((count) => Number.isSafeInteger(count) && count >= 0)) {
    throw new ArgumentError(`${name}: expected ${size} integers from 0 on, one a ${each}, got ${shown(counts)}`)
  }
  if (list.length !== size) throw new CountError(`${name}: expected ${size} integers, one a ${each}, got ${list.length}: ${shown(counts)}`)
}

/** Counts and displacements of runs of a buffer that has `length` elements. */
export function checkRuns(
  counts: Integers,
  displs: Integers | undefined,
  length: number,
  names: readonly [string, string],
  what: string
): void {
  const [countsName, displsName] = names
  const at = displs ?? packed(counts)
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] === 0 || at[k]! + counts[k]! <= length) continue
    const place =
      displs === undefined ? `they add up to ${endOf(counts, at)}` : `${displsName} has the run of rank ${k} end at ${at[k]! + counts[k]!}`
    throw new CountError(`${countsName}: ${place}, but ${what} has ${length} elements`)
  }
}

/** Two runs that are received may not be in one place. */
export function checkApart(counts: Integers, displs: Integers, name: string): void {
  const order = Array.from(counts, (_, k) => k).filter((k) => counts[k]! > 0)
  order.sort((a, b) => displs[a]! - displs[b]!)
  for (let k = 1; k < order.length; k++) {
    const [first, second] = [order[k - 1]!, order[k]!]
    if (displs[first]! + counts[first]! <= displs[second]!) continue
    throw new CountError(`${name}: the runs of ranks ${first} and ${second} overlap`)
  }
}

/** What lies between runs is nobody's, and there only in memory that the caller has given. */
export function checkNoGaps(counts: Integers, displs: Integers, name: string): void {
  let sum = 0
  for (let k = 0; k < counts.length; k++) sum += counts[k]!
  const end = endOf(counts, displs)
  if (end > sum) throw new CountError(`${name}: the runs end at ${end} but have ${sum} elements; to leave gaps, give a buffer as into`)
}

/** What is received in one buffer must be of its kind and fit, and lie apart from what is given. */
export function checkTarget(data: BufferLike, elements: number, into: BufferLike): void {
  const [given, wanted] = [datatypeOf(data), datatypeOf(into)]
  if (!matches(given, wanted)) {
    throw new DatatypeError(
      `into: ${withArticle(nameOf(wanted))} cannot hold runs of ${withArticle(nameOf(given))}; give a buffer of the data's kind, or none`
    )
  }
  const length = lengthOf(into)
  if (length < elements) {
    throw new TruncationError(`into: ${elements} elements are received, the buffer has only ${length}; give a larger one`)
  }
  checkDisjoint(data, into)
}

/** A value that is received in a buffer must be one. */
export function checkHeld(value: unknown, into: BufferLike): asserts value is BufferLike {
  if (!isBuffer(value)) {
    throw new DatatypeError(`into: ${withArticle(nameOf(datatypeOf(into)))} cannot hold ${shown(value)}; give typed arrays, or no into`)
  }
}

/** A collective that moves data cannot do so within one place. */
export function checkDisjoint(data: BufferLike, into: BufferLike): void {
  const [a, b] = [memoryOf(data), memoryOf(into)]
  if (!overlapping(a, b)) return
  throw new AliasError(
    `into: its bytes ${b.byteOffset} … ${b.byteOffset + b.byteLength} of an ArrayBuffer overlap those of the data, ` +
      `${a.byteOffset} … ${a.byteOffset + a.byteLength}; give memory apart from the data`
  )
}

import { checkOptions, checkSignal, shown } from '../../diagnostics/arguments.js'
import { type OptionNames, SIGNAL } from '../../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../../errors.js'
import type { Struct } from '../../layout/struct.js'

/** What a halo is laid around. */
export interface HaloOptions {
  /** Owned cells of this rank, of each dimension. */
  sizes: readonly number[]
  /** Ghost cells at both ends of all dimensions, of each, or `[below, above]` of each; default 1. All ranks give the same. */
  width?: number | readonly (number | readonly [below: number, above: number])[]
  /** Whether ghosts at edges and corners are filled, too; default yes. Without them all goes in one step. */
  corners?: boolean
  /**
   * What becomes of the ghosts at an end of the grid that is not periodic: they are kept, get the last owned cell, mirror the owned cells
   * (the last owned cell comes first), or are written a number; default `'keep'`.
   */
  boundary?: 'keep' | 'nearest' | 'reflect' | number
  /** Elements of a cell, or what record it is; default 1. */
  cell?: number | Struct
}

export const HALO: OptionNames<HaloOptions> = { sizes: true, width: true, corners: true, boundary: true, cell: true }

export function checkedOptions(options: { signal?: AbortSignal }): { signal?: AbortSignal } {
  checkOptions(options, SIGNAL, '{ signal }')
  if (options.signal === undefined) return {}
  checkSignal(options.signal)
  return { signal: options.signal }
}

export function checkSizes(sizes: unknown, dimensions: number): asserts sizes is readonly number[] {
  if (!Array.isArray(sizes) || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new ArgumentError(`sizes: expected integers from 1 on, one a dimension, got ${shown(sizes)}`)
  }
  if (sizes.length !== dimensions) {
    throw new CountError(`sizes: expected ${dimensions} integers, one a dimension of the grid, got ${sizes.length}: ${shown(sizes)}`)
  }
}

export function checkBoundary(boundary: unknown, isStruct: boolean): void {
  if (typeof boundary !== 'number' && !['keep', 'nearest', 'reflect'].includes(boundary as string)) {
    throw new ArgumentError(`boundary: expected 'keep', 'nearest', 'reflect' or a number, got ${shown(boundary)}`)
  }
  if (typeof boundary === 'number' && isStruct) {
    throw new ArgumentError("boundary: a number cannot be written to records; give 'keep', 'nearest' or 'reflect'")
  }
}

export function widthsOf(width: unknown, dimensions: number): (readonly [number, number])[] {
  const isWidth = (one: unknown): boolean => Number.isSafeInteger(one) && (one as number) >= 0
  const list: unknown = typeof width === 'number' ? new Array(dimensions).fill(width) : width
  const isPair = (one: unknown): boolean => Array.isArray(one) && one.length === 2 && one.every(isWidth)
  if (!Array.isArray(list) || !list.every((one) => isWidth(one) || isPair(one))) {
    throw new ArgumentError(`width: expected an integer from 0 on, or one a dimension, or [below, above] a dimension, got ${shown(width)}`)
  }
  if (list.length !== dimensions) throw new CountError(`width: expected ${dimensions} widths, one a dimension, got ${list.length}`)
  return list.map((one) => (Array.isArray(one) ? (one as unknown as readonly [number, number]) : [one, one]))
}

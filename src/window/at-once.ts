import { elementSize } from '../codec/datatype.js'
import { type AnyNames, areNamed } from '../diagnostics/option-names.js'
import { copyRun } from '../memory/copy.js'
import { type AnyOp, isPredefined, type TypedArray } from '../op/op.js'
import type { Target } from '../request/options.js'
import { accumulate, compareAndSwap, fetchAndOp, isValueOf } from './apply.js'
import type { Changes } from './changes.js'
import type { Epochs } from './epochs.js'
import { GET_FROM, PUT_TO, type WindowAt, type WindowFrom, type WindowTo } from './options.js'
import type { Part } from './part.js'
import type { Pipeline } from './pipeline.js'

/** Up to here elements are copied by a loop, and bytes by `set`. */
const LOOP = 32
const SHORT = 2048
const NOT_ATOMIC: ReadonlySet<string> = new Set(['MAXLOC', 'MINLOC'])
const OF_BITS: ReadonlySet<string> = new Set(['BAND', 'BOR', 'BXOR'])

/**
 * The plain calls on shared memory of this host: no request, no promise of their own, no garbage. What is not plain, or wrong, or would
 * have
 * to wait, they leave to the calls that check all and say what it is.
 */
export class AtOnce {
  /** Nothing can be done with the window any more. */
  isShut = false
  readonly #parts: readonly Part[]
  readonly #pipelines: readonly Pipeline[]
  readonly #epochs: Epochs
  readonly #changes: Changes

  constructor(parts: readonly Part[], pipelines: readonly Pipeline[], epochs: Epochs, changes: Changes) {
    this.#parts = parts
    this.#pipelines = pipelines
    this.#epochs = epochs
    this.#changes = changes
  }

  /** Whether it is done. */
  put(data: Target, at: WindowTo): boolean {
    const part = this.#reached(at, PUT_TO)
    if (part === undefined || at.notify !== undefined) return false
    const from = data as TypedArray
    if (from?.constructor !== part.type) return false
    const start = at.at ?? 0
    const { length } = from
    if (!Number.isSafeInteger(start) || start < 0 || length === 0 || start + length > part.length) return false
    const control = part.control!
    if (!control.enter()) return false
    const to = part.elements!
    if (length <= LOOP) for (let k = 0; k < length; k++) to[start + k] = from[k]!
    else if (from.byteLength < SHORT) to.set(from as never, start)
    else copyRun(from, 0, part.memory!, start * elementSize(part.code), from.byteLength)
    control.leave()
    if (control.isWatched) this.#changes.tell(part.rank, start, start + length)
    return true
  }

  get(from: WindowFrom): unknown {
    const part = this.#reached(from, GET_FROM)
    if (part === undefined) return undefined
    const { count, into } = from
    const start = from.at ?? 0
    const length =
      into === undefined ? count : count === undefined && into?.constructor === part.type ? (into as TypedArray).length : undefined
    if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(length) || length! <= 0 || start + length! > part.length)
      return undefined
    const control = part.control!
    if (!control.enter()) return undefined
    const elements = part.elements!
    let result: TypedArray
    if (into === undefined) result = elements.slice(start, start + length!)
    else {
      result = into as TypedArray
      if (length! <= LOOP) for (let k = 0; k < length!; k++) result[k] = elements[start + k]!
      else if (result.byteLength < SHORT) result.set(elements.subarray(start, start + length!) as never)
      else copyRun(part.memory!, start * elementSize(part.code), result, 0, result.byteLength)
    }
    control.leave()
    return result
  }

  fetchAndOp(value: unknown, op: AnyOp, at: WindowTo): number | bigint | undefined {
    const part = this.#reached(at, PUT_TO)
    if (part === undefined || at.notify !== undefined || !isPredefined(op) || !isValueOf(part.code, value)) return undefined
    const { name } = op
    if (NOT_ATOMIC.has(name) || (OF_BITS.has(name) && !part.isInteger)) return undefined
    const index = at.at ?? 0
    if (!Number.isSafeInteger(index) || index < 0 || index >= part.length) return undefined
    const control = part.control!
    if (!control.enter()) return undefined
    const was = fetchAndOp(part, part.code, index * elementSize(part.code), name, value)
    control.leave()
    if (control.isWatched) this.#changes.tell(part.rank, index, index + 1)
    return was
  }

  accumulate(data: Target, op: AnyOp, at: WindowTo): boolean {
    const part = this.#reached(at, PUT_TO)
    if (part === undefined || at.notify !== undefined || !isPredefined(op)) return false
    const from = data as TypedArray
    if (from?.constructor !== part.type || NOT_ATOMIC.has(op.name)) return false
    if (OF_BITS.has(op.name) && !part.isInteger) return false
    const start = at.at ?? 0
    const { length } = from
    if (!Number.isSafeInteger(start) || start < 0 || length === 0 || start + length > part.length) return false
    const control = part.control!
    if (!control.enter()) return false
    accumulate(part, part.code, op.name, start * elementSize(part.code), from)
    control.leave()
    if (control.isWatched) this.#changes.tell(part.rank, start, start + length)
    return true
  }

  compareAndSwap(expected: unknown, value: unknown, at: WindowTo): number | bigint | undefined {
    const part = this.#reached(at, PUT_TO)
    if (part === undefined || at.notify !== undefined || !part.isInteger) return undefined
    if (!isValueOf(part.code, expected) || !isValueOf(part.code, value)) return undefined
    const index = at.at ?? 0
    if (!Number.isSafeInteger(index) || index < 0 || index >= part.length) return undefined
    const control = part.control!
    if (!control.enter()) return undefined
    const was = compareAndSwap(part, part.code, index * elementSize(part.code), expected, value)
    control.leave()
    if (control.isWatched) this.#changes.tell(part.rank, index, index + 1)
    return was
  }

  /** The part that a call is on, where it can be done at once. */
  #reached(at: WindowAt, names: AnyNames): Part | undefined {
    const { target, layout, signal } = Object(at) as WindowAt
    if (layout !== undefined || signal !== undefined || this.isShut || this.#epochs.isStarted) return undefined
    const part = this.#parts[target as number]
    if (part?.elements === undefined || part.isEnded || !this.#pipelines[part.rank]!.isIdle) return undefined
    return areNamed(at, names) ? part : undefined
  }
}

import { bytesOf, nameOf, valueOn } from '../codec/datatype.js'
import { copy } from '../memory/copy.js'
import { code } from './kernel-code.js'
import type { ElementwiseName } from './loops.js'
import type { TypedArray } from './operand.js'

/**
 * WebAssembly's vectors of 16 bytes: the kernels of kernels/fold.ts. They work in memory of their own, so runs are copied in and out by
 * blocks.
 */

/** What fits the caches of a core; the kernels know that the second operand begins behind the first. */
const BLOCK_BYTES = 0x10000

const lanes: Readonly<Record<string, string>> = {
  Int8Array: 'i8',
  Uint8Array: 'u8',
  Buffer: 'u8',
  Uint8ClampedArray: 'c8',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  BigInt64Array: 'i64',
  BigUint64Array: 'u64',
  Float32Array: 'f32',
  Float64Array: 'f64'
}

interface Kernels extends Readonly<Record<string, unknown>> {
  readonly memory: { readonly buffer: ArrayBuffer }
}

declare const WebAssembly:
  | {
      Module: new (code: Uint8Array) => object
      Instance: new (module: object) => { exports: Kernels }
    }
  | undefined

let compiled: Kernels | undefined

/** Compiled when first needed, which takes about a millisecond; there is none under `node --jitless`. */
function kernels(): Kernels | undefined {
  if (compiled === undefined && typeof WebAssembly !== 'undefined') {
    compiled = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, 'base64'))).exports
  }
  return compiled
}

export class Kernel {
  readonly #run: (bytes: number) => void
  readonly #first: OperandMemory
  readonly #second: OperandMemory
  /** The front of the second operand, of the length that was last asked for. */
  #result: TypedArray

  private constructor(run: (bytes: number) => void, memory: ArrayBuffer, datatype: number) {
    this.#run = run
    this.#first = new OperandMemory(memory, 0, datatype)
    this.#second = new OperandMemory(memory, BLOCK_BYTES, datatype)
    this.#result = this.#second.elements
  }

  /** `undefined` where there is no such kernel: of half-precision numbers, or of anything without WebAssembly. */
  static of(op: ElementwiseName, datatype: number): Kernel | undefined {
    const all = kernels()
    const run = all?.[`${op}_${lanes[nameOf(datatype)]}`]
    return run === undefined ? undefined : new Kernel(run as (bytes: number) => void, all!.memory.buffer, datatype)
  }

  /** `into[i] = a[i] op b[i]`. */
  fold(into: TypedArray, a: TypedArray, b: TypedArray): void {
    const most = this.#second.elements.length
    if (into.length <= most) return this.#foldBlock(into, a, b)
    for (let at = 0; at < into.length; at += most) {
      const end = at + most
      this.#foldBlock(into.subarray(at, end), a.subarray(at, end), b.subarray(at, end))
    }
  }

  #foldBlock(into: TypedArray, a: TypedArray, b: TypedArray): void {
    const { length, byteLength } = into
    if (this.#result.length !== length) this.#result = this.#second.elements.subarray(0, length)
    this.#first.set(a)
    this.#second.set(b)
    this.#run(byteLength)
    into.set(this.#result as never)
  }
}

/** The kernels' memory for one of their operands. */
class OperandMemory {
  readonly elements: TypedArray
  readonly #bytes: Uint8Array

  constructor(memory: ArrayBuffer, start: number, datatype: number) {
    this.elements = valueOn(datatype, memory, start, BLOCK_BYTES) as TypedArray
    this.#bytes = new Uint8Array(memory, start, BLOCK_BYTES)
  }

  /** What is in shared memory moves faster by `copy`, anything else by `set`. */
  set(run: TypedArray): void {
    if (run.buffer instanceof SharedArrayBuffer) copy(bytesOf(run), 0, this.#bytes, 0, run.byteLength)
    else this.elements.set(run as never)
  }
}

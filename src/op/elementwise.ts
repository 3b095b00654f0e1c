import { elementSize } from '../codec/datatype.js'
import { Kernel } from './kernel.js'
import { compileLoop, type ElementwiseName, type Loop, type Target } from './loops.js'
import type { TypedArray } from './operand.js'

/**
 * A predefined op on one type of elements: `into[i] = a[i] op b[i]`, where `into` may be the memory of `a` or of `b`, but not a part of it
 * that is shifted. By a loop or by a kernel, whichever was measured to be faster: `rxmpi bench kernels`,
 * docs/adr/0007-reduction-kernels.md.
 */
export class Elementwise {
  readonly #op: ElementwiseName
  readonly #datatype: number
  readonly #loops: Partial<Record<Target, Loop>> = {}
  #kernel: Kernel | undefined
  /** From so many elements on the kernel is faster. */
  readonly #kernelFrom: number

  constructor(op: ElementwiseName, datatype: number) {
    this.#op = op
    this.#datatype = datatype
    // V8 does these on 8 bytes in one instruction each, so the loop is as fast as copying in and out of the kernel's memory.
    const asFast = elementSize(datatype) === 8 && ONE_INSTRUCTION.has(op)
    this.#kernelFrom = asFast ? Number.POSITIVE_INFINITY : KERNEL_FROM
  }

  fold(into: TypedArray, a: TypedArray, b: TypedArray): void {
    if (into.length < this.#kernelFrom || !this.kernel(into, a, b)) this.loop(into, a, b)
  }

  loop(into: TypedArray, a: TypedArray, b: TypedArray): void {
    const target = isSameMemory(into, b) ? 'b' : isSameMemory(into, a) ? 'a' : 'into'
    this.#loops[target] ??= compileLoop(this.#op, this.#datatype, target)
    this.#loops[target](into, a, b)
  }

  /** False where there is none, and nothing was done. */
  kernel(into: TypedArray, a: TypedArray, b: TypedArray): boolean {
    this.#kernel ??= Kernel.of(this.#op, this.#datatype)
    this.#kernel?.fold(into, a, b)
    return this.#kernel !== undefined
  }
}

const KERNEL_FROM = 256
const ONE_INSTRUCTION: ReadonlySet<ElementwiseName> = new Set(['SUM', 'PROD', 'BAND', 'BOR', 'BXOR'])

export const isSameMemory = (x: TypedArray, y: TypedArray): boolean => x === y || (x.buffer === y.buffer && x.byteOffset === y.byteOffset)

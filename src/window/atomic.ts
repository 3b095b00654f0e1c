import type { PredefinedName } from '../op/predefined.js'
import { scalars } from '../op/scalars.js'

/** Integers whose elements the engine changes at once, as the program's own `Atomics` do. */
export type AtomicArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array

/** Changes an element; what was there before. */
export type Change = (array: AtomicArray, index: number, value: never) => number | bigint

type Instruction = (array: AtomicArray, index: number, value: never) => number | bigint

/** Those that are one instruction. */
const instructions: Partial<Record<PredefinedName, Instruction>> = {
  SUM: Atomics.add as Instruction,
  BAND: Atomics.and as Instruction,
  BOR: Atomics.or as Instruction,
  BXOR: Atomics.xor as Instruction,
  REPLACE: Atomics.exchange as Instruction,
  NO_OP: (array, index) => Atomics.load(array as Int32Array, index)
}

const ofNumbers: Partial<Record<PredefinedName, Change>> = {}
const ofBigints: Partial<Record<PredefinedName, Change>> = {}

/** How an op changes an element: one of 64 bits, or a smaller one. */
export function changeOf(name: PredefinedName, isBig: boolean): Change {
  const made = isBig ? ofBigints : ofNumbers
  made[name] ??= instructions[name] ?? looped(combineOf(name, isBig))
  return made[name]
}

export type Combine = (a: never, b: never) => number | bigint

/** An op on two single values of a type: for integers of 32 bits a product that a double would round. */
export function combineOf(name: PredefinedName, isBig: boolean, isFloating = false): Combine {
  const { number, bigint } = scalars[name] as { number?: Combine; bigint?: Combine }
  if (isBig) return bigint!
  return name === 'PROD' && !isFloating ? (Math.imul as unknown as Combine) : number!
}

function looped(combine: Combine): Change {
  return (array, index, value) => {
    const elements = array as Int32Array
    for (let before = Atomics.load(elements, index); ; ) {
      const seen = Atomics.compareExchange(elements, index, before, combine(before as never, value) as number)
      if (seen === before) return before
      before = seen
    }
  }
}

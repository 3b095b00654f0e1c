import { isBigint } from '../op/kind.js'
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

const made = new Map<string, Change>()

/** How an op changes an element of that type. */
export function changeOf(name: PredefinedName, code: number): Change {
  const key = isBigint(code) ? `${name}n` : name
  let change = made.get(key)
  if (change === undefined) {
    change = instructions[name] ?? looped(combineOf(name, code))
    made.set(key, change)
  }
  return change
}

export type Combine = (a: never, b: never) => number | bigint

/** An op on two single values of a type: for integers of 32 bits a product that a double would round. */
export function combineOf(name: PredefinedName, code: number, isFloating = false): Combine {
  const { number, bigint } = scalars[name] as { number?: Combine; bigint?: Combine }
  if (isBigint(code)) return bigint!
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

/** Of a counter's number: it wraps as an element of such an array does. */
export type CounterType =
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor

/** Of one that counts in bigints. */
export type BigCounterType = BigInt64ArrayConstructor | BigUint64ArrayConstructor

export type Cell = CounterType | BigCounterType

/** The bytes of a number, and behind them a word that says that its rank has given it up. */
const BYTES = 16
const FREED = 2

export const CELL_TYPES: readonly unknown[] = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array
]

type Add = (amount: number | bigint) => number | bigint

/** A number in memory that several threads may add to, each at once. */
export class SharedCell {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  /** Adds; the number before. */
  readonly add: Add

  /** Over memory of another rank, or some of its own that begins with a number. */
  constructor(type: Cell, from: SharedArrayBuffer | { readonly start: number | bigint }) {
    const isOwn = 'start' in from
    this.memory = isOwn ? new SharedArrayBuffer(BYTES) : from
    this.#words = new Int32Array(this.memory)
    if (isOwn) (over(type, this.memory) as unknown as { fill(value: unknown): void }).fill(from.start)
    this.add = adding(type, this.memory)
  }

  get isFreed(): boolean {
    return Atomics.load(this.#words, FREED) !== 0
  }

  free(): void {
    Atomics.store(this.#words, FREED, 1)
  }
}

/** Integers by one instruction; of floats the bits are exchanged until nobody else has changed them meanwhile. */
function adding(type: Cell, memory: SharedArrayBuffer): Add {
  if (type === Float64Array) return addingFloats(new BigInt64Array(memory, 0, 1), new BigInt64Array(1), Float64Array)
  if (type === Float32Array) return addingFloats(new Int32Array(memory, 0, 1), new Int32Array(1), Float32Array)
  const cell = over(type, memory)
  return (amount) => Atomics.add(cell, 0, amount as number)
}

/** The number as an array of one; which integers it has, the instructions look up themselves. */
const over = (type: Cell, memory: SharedArrayBuffer): Int32Array =>
  new (type as unknown as Int32ArrayConstructor)(memory, 0, 1) as unknown as Int32Array

/** A sum as the type has it. */
export function sumIn(type: Cell, a: number | bigint, b: number | bigint): number | bigint {
  const cells = new (type as Int32ArrayConstructor)(2)
  cells[0] = a as number
  cells[1] = b as number
  cells[0] += cells[1]
  return cells[0]
}

function addingFloats(
  shared: Int32Array | BigInt64Array,
  own: Int32Array | BigInt64Array,
  type: Float32ArrayConstructor | Float64ArrayConstructor
): Add {
  const bits = shared as Int32Array
  const ownBits = own as Int32Array
  const value = new type(own.buffer as ArrayBuffer)
  return (amount) => {
    for (let seen = Atomics.load(bits, 0); ; ) {
      ownBits[0] = seen
      const before = value[0]!
      value[0] = before + (amount as number)
      const found = Atomics.compareExchange(bits, 0, seen, ownBits[0])
      if (found === seen) return before
      seen = found
    }
  }
}

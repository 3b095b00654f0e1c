import { ROW, ROWS } from './rows.js'

/**
 * Memory for the rows of a rank, which goes to who takes them and comes back: fresh memory for each chunk, which the system has to clear
 * and to take away again, costs a rank more than noting what is in it.
 */
export class RowMemory {
  readonly #known: SharedArrayBuffer[] = []

  /** Room for all rows of a chunk. */
  take(): Float64Array {
    const memory = this.#known.find((one) => Atomics.load(stateOf(one), 0) === FREE) ?? this.#more()
    Atomics.store(stateOf(memory), 0, TAKEN)
    return new Float64Array(memory, 0, ROW * ROWS)
  }

  #more(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(BYTES + Int32Array.BYTES_PER_ELEMENT)
    // Where whoever takes rows is behind by more than that, memory goes to the collector.
    if (this.#known.length < MOST) this.#known.push(memory)
    return memory
  }
}

/** Rows of a rank of this process are read: their memory may be written again. */
export function giveBack({ buffer }: Float64Array): void {
  Atomics.store(stateOf(buffer), 0, FREE)
}

const FREE = 0
const TAKEN = 1
const MOST = 16
const BYTES = ROW * ROWS * Float64Array.BYTES_PER_ELEMENT
const stateOf = (memory: ArrayBufferLike): Int32Array => new Int32Array(memory, BYTES)

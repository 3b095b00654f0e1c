/** A buffer, as elements that loops move. */
export class Words {
  readonly bytes: Uint8Array
  #doubles: Float64Array | undefined
  #any: DataView | undefined

  constructor(buffer: ArrayBufferLike) {
    // Of this length for ever, also where the buffer can be resized.
    this.bytes = new Uint8Array(buffer, 0, buffer.byteLength)
  }

  get doubles(): Float64Array {
    this.#doubles ??= new Float64Array(this.bytes.buffer, 0, Math.floor(this.bytes.length / 8))
    return this.#doubles
  }

  /** At any byte. */
  get any(): DataView {
    this.#any ??= new DataView(this.bytes.buffer, 0, this.bytes.length)
    return this.#any
  }
}

const known = new WeakMap<ArrayBufferLike, Words>()

/** One for all that is copied from or to a buffer. */
export function wordsOf(buffer: ArrayBufferLike): Words {
  let words = known.get(buffer)
  if (words === undefined || words.bytes.length !== buffer.byteLength) {
    words = new Words(buffer)
    known.set(buffer, words)
  }
  return words
}

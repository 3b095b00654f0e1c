import type { Slot } from '../transport.js'
import { HEAD, laneWord, NONE, ringBytes, ringStart, TAIL, WANTED } from './host-memory.js'
import { type MemoryRef, open } from './mapped-memory.js'

/**
 * A lane from one thread to another: segments one behind the other in a ring of bytes, each behind a word that says whether it is there. A
 * segment never wraps. Positions only grow, modulo 2³²: a ring's size is a power of two that divides 2³², so that a place in the ring and a
 * distance come out right however often they have gone round.
 *
 * The reader looks at the word of the next segment, and nowhere else: what it waits for comes with one cache line. So that what was there
 * in an earlier round is not taken for a segment, a writer clears the word behind its segment before it publishes that. Source: Giacomoni,
 * Moseley, Vachharajani, FastForward for efficient pipeline parallelism, PPoPP 2008. The positions of both ends are for those that look
 * rarely: how much room there is, and where another thread goes on.
 */

/** The word before a segment has its length and one, once it is there; NONE before that, and WRAP where it is at the start of the ring. */
const WRAP = -1
/**
 * An empty ring is used from its start again when it got this far: what was written last is still in the cache. What is skipped counts
 * as written until the reader has passed it, so that is for small segments only.
 */
const WARM_BYTES = 2 ** 19
const SMALL_BYTES = 2 ** 15
/**
 * Every segment begins at a multiple of 16, as arrays do: `memcpy` by `rep movsb` is 10 times slower on some processors (AMD Zen 4: 3
 * instead of 33 GB/s) where the place it writes is 1 to 15 bytes ahead of the one it reads, modulo 4096.
 */
const ALIGNMENT = 16
/** The word has as much room as keeps the data behind it in line. */
const WORD_BYTES = ALIGNMENT

const padded = (bytes: number): number => WORD_BYTES + ((bytes + ALIGNMENT - 1) & -ALIGNMENT)

/** The views on an inbox that its rings share. */
export class Inbox {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly doubles: Float64Array
  /** Where its rank sleeps. */
  readonly bell: Int32Array

  constructor(inbox: MemoryRef, bell: MemoryRef = inbox) {
    const memory = open(inbox)
    this.words = new Int32Array(memory)
    this.bell = bell === inbox ? this.words : new Int32Array(open(bell))
    this.bytes = new Uint8Array(memory)
    this.doubles = new Float64Array(memory)
  }
}

class RingEnd implements Slot {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly doubles: Float64Array
  at = 0
  length = 0
  protected readonly head: number
  protected readonly tail: number
  protected readonly wanted: number
  protected readonly start: number
  protected readonly size: number

  constructor(inbox: Inbox, source: number, ranks: number) {
    this.words = inbox.words
    this.bytes = inbox.bytes
    this.doubles = inbox.doubles
    this.head = laneWord(source) + HEAD
    this.tail = laneWord(source) + TAIL
    this.wanted = laneWord(source) + WANTED
    this.start = ringStart(ranks, source)
    this.size = ringBytes(ranks)
  }
}

/** The sending end of a lane: takes room for one segment at a time, and publishes it. */
export class RingWriter extends RingEnd {
  #position = 0
  /** What the reader was last seen to have read. */
  #read = 0
  /** The word that sends the reader to the start, once a segment is there; -1 where it has no need to go. */
  #wrapWord = -1

  /** Makes this the slot for a segment; false when there is no room. */
  reserve(bytes: number): boolean {
    const need = padded(bytes)
    let offset = this.#position & (this.size - 1)
    if (offset > WARM_BYTES && need <= SMALL_BYTES && this.#empty()) offset = this.#wrap(offset)
    else if (offset + need > this.size) {
      if (!this.#fits(this.size - offset + need)) return false
      offset = this.#wrap(offset)
    }
    if (!this.#fits(need)) return false
    this.at = this.start + offset + WORD_BYTES
    this.length = bytes
    return true
  }

  /** Goes on where another thread's writer has stopped. */
  follow(): void {
    this.#position = Atomics.load(this.words, this.head)
    this.#read = Atomics.load(this.words, this.tail)
    this.#wrapWord = -1
  }

  publish(): void {
    const { words } = this
    this.#position = (this.#position + padded(this.length)) | 0
    words[(this.start + (this.#position & (this.size - 1))) >> 2] = NONE
    words[this.head] = this.#position
    Atomics.store(words, (this.at - WORD_BYTES) >> 2, this.length + 1)
    if (this.#wrapWord < 0) return
    Atomics.store(words, this.#wrapWord, WRAP)
    this.#wrapWord = -1
  }

  /**
   * Asks the reader to say when there is room, once. The caller tries again afterwards, for the reader may just have made some.
   * Writing it anew at each try would take the line from the reader, who says there how far it is.
   */
  want(): void {
    if (Atomics.load(this.words, this.wanted) === 0) Atomics.store(this.words, this.wanted, 1)
  }

  #empty(): boolean {
    this.#read = Atomics.load(this.words, this.tail)
    return this.#read === this.#position
  }

  /** Whether there is room for so much, and the word behind it. */
  #fits(bytes: number): boolean {
    if (this.size - ((this.#position - this.#read) | 0) >= bytes + WORD_BYTES) return true
    this.#read = Atomics.load(this.words, this.tail)
    return this.size - ((this.#position - this.#read) | 0) >= bytes + WORD_BYTES
  }

  #wrap(offset: number): number {
    this.#wrapWord = (this.start + offset) >> 2
    this.#position = (this.#position + this.size - offset) | 0
    return 0
  }
}

/** Of all rings of this thread. */
let looks = 0

/** The receiving end of a lane: looks at one segment at a time, and gives the room of all so far back. */
export class RingReader extends RingEnd {
  #position = 0
  /** How far segments were there when somebody has last asked for the look. */
  #seen = 0
  #look = 0

  /** Makes this the slot of the next segment; false when none has come. */
  next(): boolean {
    const { words, start, size } = this
    let offset = this.#position & (size - 1)
    let word = Atomics.load(words, (start + offset) >> 2)
    if (word === NONE) return false
    if (word === WRAP) {
      this.#position = (this.#position + size - offset) | 0
      offset = 0
      word = Atomics.load(words, start >> 2)
    }
    this.at = start + offset + WORD_BYTES
    this.length = word - 1
    this.#position = (this.#position + padded(this.length)) | 0
    return true
  }

  /** The number of the look at which this segment was first there: all that were have the same. */
  get look(): number {
    if (((this.#seen - this.#position) | 0) < 0) {
      this.#seen = Atomics.load(this.words, this.head)
      this.#look = ++looks
    }
    return this.#look
  }

  /** Goes on where another thread's reader has given its room back last. */
  follow(): void {
    this.#position = Atomics.load(this.words, this.tail)
    this.#seen = this.#position
  }

  /** The length of the next segment; -1 when none has come. */
  peek(): number {
    const { words, start } = this
    const word = Atomics.load(words, (start + (this.#position & (this.size - 1))) >> 2)
    return (word === WRAP ? Atomics.load(words, start >> 2) : word) - 1
  }

  /** Gives the room of all segments so far back; true when the writer waits for it. */
  free(): boolean {
    Atomics.store(this.words, this.tail, this.#position)
    return Atomics.load(this.words, this.wanted) === 1 && Atomics.exchange(this.words, this.wanted, 0) === 1
  }
}

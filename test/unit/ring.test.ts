import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { HEAD, laneWord, ringBytes, ringStart, TAIL } from '../../src/transport/shared/host-memory.js'
import { Inbox, RingReader, RingWriter } from '../../src/transport/shared/ring.js'

/** Positions just before a word's end: the sign changes at 2³¹, and at 2³² it begins at 0 again. */
const ENDS = [0, 2 ** 31, 2 ** 32]

/**
 * The two ends of a ring, whose positions begin at `start`, modulo 2³²; each segment starts with its number, and ends with it where it is
 * long enough.
 */
class Pair {
  readonly longest: number
  readonly #writer: RingWriter
  readonly #reader: RingReader
  readonly #sent: number[] = []
  readonly #inbox: Inbox
  readonly #lane: number
  #written = 0
  #read = 0
  #freed = 0

  constructor(ranks: number, start = 0) {
    const inbox = new Inbox(new SharedArrayBuffer(ringStart(ranks, ranks)))
    const lane = laneWord(ranks - 1)
    inbox.words[lane + HEAD] = start
    inbox.words[lane + TAIL] = start
    this.#inbox = inbox
    this.#lane = lane
    this.#writer = new RingWriter(inbox, ranks - 1, ranks)
    this.#reader = new RingReader(inbox, ranks - 1, ranks)
    this.follow()
    this.longest = ringBytes(ranks) >> 3
  }

  /** Other threads take over both ends; what was read and not freed would come again. */
  follow(): void {
    this.#writer.follow()
    this.#reader.follow()
  }

  /** The writer's position. */
  get head(): number {
    return this.#inbox.words[this.#lane + HEAD]!
  }

  write(length: number): boolean {
    const slot = this.#writer
    if (!slot.reserve(length)) {
      assert.ok(this.#freed < this.#written, 'no room in an empty ring')
      return false
    }
    // A copy that is out of line by less than 16 bytes takes 10 times as long on some processors.
    assert.equal(slot.at % 16, 0)
    assert.equal(slot.length, length)
    const stamp = this.#written++ & 255
    slot.bytes.fill(stamp, slot.at, slot.at + Math.min(length, 16))
    slot.bytes.fill(stamp, slot.at + Math.max(0, length - 16), slot.at + length)
    this.#sent.push(length)
    slot.publish()
    return true
  }

  read(): boolean {
    const slot = this.#reader
    const expected = this.#sent[this.#read]
    assert.equal(slot.peek(), expected ?? -1)
    if (!slot.next()) {
      assert.equal(expected, undefined)
      return false
    }
    assert.equal(slot.length, expected)
    const stamp = this.#read++ & 255
    const edges = [0, 15, slot.length - 16, slot.length - 1].filter((k) => k >= 0 && k < slot.length)
    for (const k of edges) assert.equal(slot.bytes[slot.at + k], stamp)
    return true
  }

  free(): boolean {
    this.#freed = this.#read
    return this.#reader.free()
  }

  want(): void {
    this.#writer.want()
  }
}

describe('a ring', () => {
  const cases = [1, 8, 16, 200].flatMap((ranks) => ENDS.map((end) => [ranks, end] as const))
  test.each(cases)('is first in, first out, whatever is written, read and freed when (%i ranks, past %i)', (ranks, end) => {
    const longest = ringBytes(ranks) >> 3
    const length = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: longest }), fc.constant(longest))
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ write: length }) },
      { weight: 2, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 8 }) }) },
      { weight: 2, arbitrary: fc.constant({ free: true as const }) },
      { weight: 1, arbitrary: fc.constant({ follow: true as const }) }
    )
    // Sixteenths of a ring before the end: all over it, and at most one round.
    const before = fc.integer({ min: 0, max: 16 }).map((k) => (ringBytes(ranks) >> 4) * k + 16 * (k & 1))
    fc.assert(
      fc.property(before, fc.array(step, { minLength: 10, maxLength: 400, size: 'max' }), (distance, steps) => {
        const pair = new Pair(ranks, end - distance)
        for (const action of steps) {
          if ('write' in action) pair.write(action.write)
          else if ('free' in action) pair.free()
          else if ('follow' in action) {
            while (pair.read());
            pair.free()
            pair.follow()
          } else for (let k = 0; k < action.read && pair.read(); k++);
        }
        while (pair.read());
        pair.free()
        for (let k = 0; k < 3; k++) assert.ok(pair.write(pair.longest))
      }),
      { numRuns: 60 }
    )
  })

  test.each(ENDS.slice(1))('fills up and empties while its positions pass %i', (end) => {
    const pair = new Pair(1, end - 2 * ringBytes(1))
    const signs = new Set<number>()
    for (let round = 0; round < 4; round++) {
      let written = 0
      while (pair.write(pair.longest - round)) written++
      assert.ok(written >= 6, `${written} segments in round ${round}`)
      signs.add(Math.sign(pair.head))
      while (pair.read());
      pair.free()
    }
    // It has come by there.
    expect([...signs].filter((sign) => sign !== 0)).toEqual(end === 2 ** 31 ? [1, -1] : [-1, 1])
  })

  test('says once that room was made for a writer that wants some', () => {
    const pair = new Pair(1)
    while (pair.write(pair.longest));
    pair.read()
    expect(pair.free()).toBe(false)
    pair.want()
    pair.read()
    expect(pair.free()).toBe(true)
    pair.read()
    expect(pair.free()).toBe(false)
  })
})

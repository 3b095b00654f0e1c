import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { ringBytes, ringStart } from '../../src/transport/shared/host-memory.js'
import { Inbox, RingReader, RingWriter } from '../../src/transport/shared/ring.js'

/** The two ends of a ring; each segment starts with its number, and ends with it where it is long enough. */
class Pair {
  readonly longest: number
  readonly #writer: RingWriter
  readonly #reader: RingReader
  readonly #sent: number[] = []
  #written = 0
  #read = 0
  #freed = 0

  constructor(ranks: number) {
    const inbox = new Inbox(new SharedArrayBuffer(ringStart(ranks, ranks)))
    this.#writer = new RingWriter(inbox, ranks - 1, ranks)
    this.#reader = new RingReader(inbox, ranks - 1, ranks)
    this.longest = ringBytes(ranks) >> 3
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
  test.each([1, 8, 16, 200])('is first in, first out, whatever is written, read and freed when (%i ranks)', (ranks) => {
    const longest = ringBytes(ranks) >> 3
    const length = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: longest }), fc.constant(longest))
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ write: length }) },
      { weight: 2, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 8 }) }) },
      { weight: 2, arbitrary: fc.constant({ free: true as const }) }
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 400, size: 'max' }), (steps) => {
        const pair = new Pair(ranks)
        for (const action of steps) {
          if ('write' in action) pair.write(action.write)
          else if ('free' in action) pair.free()
          else for (let k = 0; k < action.read && pair.read(); k++);
        }
        while (pair.read());
        pair.free()
        for (let k = 0; k < 3; k++) assert.ok(pair.write(pair.longest))
      }),
      { numRuns: 60 }
    )
  })

  test('goes on when its positions have counted to 2³²', () => {
    const pair = new Pair(1)
    const segments = Math.ceil(2 ** 32 / pair.longest) + 100
    for (let k = 0; k < segments; k++) {
      while (!pair.write(pair.longest - (k % 3))) {
        pair.read()
        pair.free()
      }
      if (k % 7 === 0) while (pair.read()) pair.free()
    }
    while (pair.read());
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

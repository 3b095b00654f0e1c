import * as fc from 'fast-check'
import { bytesIn, eachRun, type Form, repeat, shift } from '../../src/memory/form.js'
import { Runs } from '../../src/memory/runs.js'

/** Boxes of a grid of cells, whose rows are `columns` long. */
const boxes = fc
  .record({
    cell: fc.constantFrom(1, 2, 4, 8, 12),
    width: fc.integer({ min: 0, max: 70 }),
    height: fc.nat(5),
    depth: fc.nat(3),
    apart: fc.nat(3)
  })
  .map(({ cell, width, height, depth, apart }) => {
    const row: Form = width === 0 ? { loops: [], offsets: [], lengths: [] } : { loops: [], offsets: [0], lengths: [width * cell] }
    const step = (width + apart) * cell
    return repeat(repeat(row, height, step), depth, step * (height + apart))
  })

const places = (form: Form): number[] => {
  const all: number[] = []
  eachRun(form, (offset, length) => {
    for (let k = 0; k < length; k++) all.push(offset + k)
  })
  return all
}

/** As far as the largest box reaches. */
const BYTES = 2 ** 15

describe('what is picked of some memory, copied to where other memory has it', () => {
  const check = (from: Form, to: Form): void => {
    const bytes = Uint8Array.from({ length: BYTES }, (_, k) => (k * 7 + (k >> 8)) & 255)
    const target = new Uint8Array(BYTES)
    new Runs(bytes, from).copyTo(new Runs(target, to))
    const expected = new Uint8Array(BYTES)
    const there = places(to)
    for (const [k, place] of places(from).entries()) expected[there[k]!] = bytes[place]!
    expect(Buffer.compare(target, expected)).toBe(0)
  }

  it('is the same in order, where both have the same form elsewhere', () => {
    fc.assert(
      fc.property(boxes, fc.nat(100), fc.nat(100), (box, from, to) => check(shift(box, from), shift(box, to))),
      { numRuns: 60 }
    )
  })

  it('is the same in order, where the forms are others', () => {
    fc.assert(
      fc.property(boxes, (box) => {
        const bytes = bytesIn(box)
        check(box, bytes === 0 ? box : { loops: [], offsets: [3], lengths: [bytes] })
      }),
      { numRuns: 60 }
    )
  })

  it('in pieces is the same as whole, gathered and scattered', () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: 1, max: 999 }), (box, share) => {
        const bytes = Uint8Array.from({ length: BYTES }, (_, k) => (k * 7 + (k >> 8)) & 255)
        const runs = new Runs(bytes, box)
        const target = new Uint8Array(BYTES)
        for (let at = 0; at < runs.byteLength; at += share) {
          const count = Math.min(share, runs.byteLength - at)
          const piece = new Uint8Array(count + 5)
          runs.gather(at, count, piece, 5)
          new Runs(target, box).scatter(at, count, piece, 5)
        }
        const expected = new Uint8Array(BYTES)
        for (const place of places(box)) expected[place] = bytes[place]!
        expect(Buffer.compare(target, expected)).toBe(0)
      }),
      { numRuns: 60 }
    )
  })

  it('may be of the same memory', () => {
    const cells = Float64Array.from({ length: 16 }, (_, k) => k)
    const column = (at: number): Runs =>
      new Runs(new Uint8Array(cells.buffer), shift({ loops: [{ count: 4, stride: 32 }], offsets: [0], lengths: [8] }, 8 * at))
    column(1).copyTo(column(3))
    expect([...cells]).toEqual([0, 1, 2, 1, 4, 5, 6, 5, 8, 9, 10, 9, 12, 13, 14, 13])
  })
})

import fc from 'fast-check'
import { contiguous, distributed, indexed, type Measures, resized, struct, subarray, vector, view } from '../../src/layout/index.js'
import { overlapsItself } from '../../src/memory/form.js'
import { layouts, picks, range } from './layout.reference.js'

const measures = ({ size, extent, lower, trueExtent, trueLower }: Measures): Measures => ({ size, extent, lower, trueExtent, trueLower })

/** Where `count` items of a layout lie, and memory of so many elements around them. */
function laid(layout: Parameters<typeof picks>[0] & object, count: number) {
  const item = picks(layout)
  const places = range(count).flatMap((k) => item.elements.map((element) => k * item.extent + element))
  const offset = -Math.min(0, ...places)
  return { places: places.map((place) => place + offset), offset, length: offset + Math.max(0, ...places) + 1 }
}

describe('a layout', () => {
  it.each([
    ['contiguous', contiguous(3), [3, 3, 0, 3, 0]],
    ['vector', vector(3, 1, 4), [3, 9, 0, 9, 0]],
    ['vector that goes back', vector(3, 2, -4), [6, 10, -8, 10, -8]],
    ['indexed', indexed([2, 1], [5, 1]), [3, 6, 1, 6, 1]],
    ['indexed block', indexed(2, [4, 0]), [4, 6, 0, 6, 0]],
    ['subarray', subarray({ sizes: [4, 5], subsizes: [2, 3], starts: [1, 1] }), [6, 20, 0, 8, 6]],
    ['distributed', distributed({ sizes: [4, 6], grid: [1, 2], coords: [0, 1], by: ['none', 'block'] }), [12, 24, 0, 21, 3]],
    ['resized', resized(vector(3, 1, 4), { extent: 1 }), [3, 1, 0, 9, 0]],
    ['of a type', contiguous(3, 'f64'), [24, 24, 0, 24, 0]],
    ['of nothing', vector(0, 1, 4), [0, 0, 0, 0, 0]]
  ])('%s knows how large it is', (_, layout, [size, extent, lower, trueExtent, trueLower]) => {
    expect(measures(layout)).toEqual({ size, extent, lower, trueExtent, trueLower })
  })

  it('measures what it picks', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const { elements } = picks(layout)
        expect(layout.size).toBe(elements.length)
        if (elements.length === 0) return
        expect(layout.trueLower).toBe(Math.min(...elements))
        expect(layout.trueExtent).toBe(Math.max(...elements) - Math.min(...elements) + 1)
      })
    )
  })

  it('is a frozen plain object of its kind and arguments', () => {
    const layout = vector(3, 1, 4, indexed([1], [2]))
    expect(layout).toEqual({
      ...{ kind: 'vector', count: 3, blockLength: 1, stride: 4, of: indexed([1], [2]) },
      ...{ size: 3, extent: 9, lower: 2, trueExtent: 9, trueLower: 2 }
    })
    expect(Object.getPrototypeOf(layout)).toBe(Object.prototype)
    expect(() => Object.assign(layout, { count: 4 })).toThrow(TypeError)
    expect(structuredClone(layout)).toEqual(layout)
  })
})

describe('pack', () => {
  it('gives what a layout picks, in order, and unpack puts it there', () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 0, max: 3 }), (layout, count) => {
        const { places, offset, length } = laid(layout, count)
        const memory = Float64Array.from(range(length), (k) => k + 0.5)
        const picked = view(memory, layout, { offset, count })
        expect([...picked.pack()]).toEqual(places.map((place) => memory[place]))
        expect(picked.size).toBe(places.length)
        expect(picked.bytes).toBe(8 * places.length)

        const other = new Float64Array(length).fill(-1)
        view(other, layout, { offset, count }).unpack(Float64Array.from(places.keys()))
        const expected = new Float64Array(length).fill(-1)
        for (const [k, place] of places.entries()) expected[place] = k
        expect(other).toEqual(expected)
      }),
      { numRuns: 300 }
    )
  })

  it('finds elements that overlap', () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 0, max: 3 }), (layout, count) => {
        const { places, offset, length } = laid(layout, count)
        const { picked } = view(new Int16Array(length), layout, { offset, count })
        expect(overlapsItself(picked.runs.form)).toBe(new Set(places).size < places.length)
      }),
      { numRuns: 300 }
    )
  })

  it('lays strings and structs over bytes', () => {
    const bytes = new Uint8Array(40)
    new DataView(bytes.buffer).setFloat64(9, 1.5, true)
    new DataView(bytes.buffer).setFloat64(25, 2.5, true)
    expect(view(bytes, vector(2, 1, 2, 'f64'), { offset: 9 }).pack()).toEqual(Float64Array.of(1.5, 2.5))
    expect(view(bytes, resized(struct({ a: 'f64' }), { extent: 16 }), { offset: 9, count: 2 }).pack()).toEqual(Float64Array.of(1.5, 2.5))
  })

  it('keeps the bits of every NaN, and of every element size', () => {
    const nans = [0x12345, 0x7ff00000, 7, 0xfff80000, 0, 0x7ff80001, 1, 0xfff00000]
    const bytes = new Uint8Array(Uint32Array.from(range(64 * 8), (k) => nans[k % nans.length]!).buffer)
    for (const [length, offset] of [8, 16, 24, 56, 64, 5, 13, 47].flatMap((bytes) => [[bytes, 0] as const, [bytes, 8] as const])) {
      const picked = view(bytes, vector(20, length, 80), { offset })
      const expected = bytes.filter((_, k) => k >= offset && (k - offset) % 80 < length && k - offset < 20 * 80)
      expect(picked.pack()).toEqual(expected)
      for (let k = 0; k < 2e3; k++) picked.pack()
      expect(picked.pack()).toEqual(expected)
    }
  })
})

describe('a part of what is packed', () => {
  const kinds = { 1: Uint8Array, 2: Uint16Array, 4: Float32Array, 8: Float64Array }

  it.each([1, 2, 4, 8] as const)('is the same however it is cut, of elements of %i bytes', (size) => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }), (layout, segment, place) => {
        const { offset, length } = laid(layout, 2)
        const memory = new kinds[size](length)
        const bytes = new Uint8Array(memory.buffer)
        for (let k = 0; k < bytes.length; k++) bytes[k] = 1 + (k % 255)
        const { runs } = view(memory, layout, { offset, count: 2 }).picked
        const whole = runs.packed()
        const target = new Uint8Array(place + segment)
        const other = new kinds[size](length)
        const { runs: back } = view(other, layout, { offset, count: 2 }).picked
        for (let at = 0; at < whole.length; at += segment) {
          const count = Math.min(segment, whole.length - at)
          runs.gather(at, count, target, place)
          expect(target.subarray(place, place + count)).toEqual(whole.subarray(at, at + count))
          back.scatter(at, count, target, place)
        }
        expect(back.packed()).toEqual(whole)
      }),
      { numRuns: 200 }
    )
  })

  it('is the same of records, and of blocks of every length', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 8),
        fc.integer({ min: 1, max: 140 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 5, max: 99 }),
        fc.integer({ min: 1, max: 50_000 }),
        (unit, width, apart, blocks, segment) => {
          const [block, gap] = [unit * width, unit * apart]
          const memory = Uint8Array.from(range(blocks * (block + gap)), (k) => 1 + (k % 255))
          const { runs } = view(memory, vector(blocks, block, block + gap)).picked
          const expected = memory.filter((_, k) => k % (block + gap) < block)
          const parts: number[] = []
          for (let at = 0; at < runs.byteLength; at += segment) {
            const part = new Uint8Array(Math.min(segment, runs.byteLength - at))
            runs.gather(at, part.length, part, 0)
            parts.push(...part)
          }
          expect(Buffer.compare(Uint8Array.from(parts), expected)).toBe(0)
          const back = new Uint8Array(memory.length)
          view(back, vector(blocks, block, block + gap)).unpack(expected)
          expect(back.every((byte, k) => byte === (k % (block + gap) < block ? memory[k] : 0))).toBe(true)
        }
      )
    )
  })
})

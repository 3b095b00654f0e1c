import fc from 'fast-check'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { ProtocolError } from '../../src/errors.js'
import { difference } from './isomorphic.js'

const travel = (value: unknown): unknown => decodeObject(Uint8Array.from(encodeObject(value)))

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withUnicodeString: true,
  maxDepth: 4
})

/** Numbers at the edges of CBOR's and cbor-x's sizes, bigints of any size, strings with lone surrogates and marks. */
const leaf = fc.oneof(
  anything,
  fc.double(),
  fc.integer(),
  fc.tuple(fc.integer({ min: 0, max: 65 }), fc.integer({ min: -2, max: 2 })).map(([exponent, off]) => 2 ** exponent + off),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(-0, '\ufeff', /a/g, new Date(Number.NaN)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array().map((bytes) => new DataView(bytes.buffer, 0, bytes.length >> 1)),
  fc.string().map((message) => new TypeError(message))
)

/** Things that hold each other at random: trees, shared references and cycles. */
const graph = fc
  .array(
    fc.tuple(fc.constantFrom('object', 'array', 'map', 'set', 'error'), fc.array(fc.oneof(fc.nat({ max: 30 }), leaf), { maxLength: 6 })),
    {
      minLength: 1,
      maxLength: 30
    }
  )
  .map((plans) => {
    const things = plans.map(([kind]) => ({ object: {}, array: [], map: new Map(), set: new Set(), error: new Error('x') })[kind])
    plans.forEach(([, holds], i) => {
      const thing = things[i]
      holds.forEach((hold, j) => {
        const held = typeof hold === 'number' && Number.isInteger(hold) && hold >= 0 && hold < things.length ? things[hold] : hold
        if (Array.isArray(thing)) thing.push(held)
        else if (thing instanceof Map) thing.set(held, j).set(j, held)
        else if (thing instanceof Set) thing.add(held)
        else Object.assign(thing!, { [`key ${j}`]: held })
      })
    })
    return things[0]
  })

test('any value arrives as it was', () => {
  fc.assert(
    fc.property(leaf, (value) => expect(difference(value, travel(value))).toBeUndefined()),
    { numRuns: 1500 }
  )
})

test('objects and arrays of any value arrive as they were', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'))
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(key, leaf), fc.array(leaf)), (value) => expect(difference(value, travel(value))).toBeUndefined()),
    { numRuns: 700 }
  )
})

test('any graph arrives with the same identities', () => {
  fc.assert(
    fc.property(graph, (value) => expect(difference(value, travel(value))).toBeUndefined()),
    { numRuns: 700 }
  )
})

test('a value that has travelled has the same bytes when it travels on', () => {
  fc.assert(
    fc.property(graph, (value) => {
      const once = travel(value)
      const bytes = Uint8Array.from(encodeObject(once))
      expect(Uint8Array.from(encodeObject(travel(once)))).toEqual(bytes)
    }),
    { numRuns: 200 }
  )
})

const decodesOrRefuses = (bytes: Uint8Array): void => {
  try {
    decodeObject(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

test('random bytes decode or are refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodesOrRefuses), { numRuns: 10_000 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => decodesOrRefuses(Uint8Array.from([0xd9, 0x4d, 0x50, ...bytes]))),
    { numRuns: 5000 }
  )
})

test('messages with random damage decode or are refused', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(graph, damage, (value, changes) => {
      const bytes = Uint8Array.from(encodeObject(value))
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      decodesOrRefuses(bytes)
    }),
    { numRuns: 1000 }
  )
})

import fc from 'fast-check'
import { difference } from './isomorphic.js'

/** cbor-x reads strings with a native part where that could be built, and in JavaScript elsewhere. */
let travel: (value: unknown) => unknown

beforeAll(async () => {
  process.env.CBOR_NATIVE_ACCELERATION_DISABLED = 'true'
  const { decodeObject, encodeObject } = await import('../../src/codec/object.js')
  travel = (value) => decodeObject(Uint8Array.from(encodeObject(value)))
  const { isNativeAccelerationEnabled } = await import('cbor-x')
  expect(isNativeAccelerationEnabled).toBe(false)
})

test('strings of all lengths', () => {
  for (let length = 0; length < 300; length++) {
    for (const unit of ['x', 'é', '→', '🚀', '\0']) {
      const text = unit.repeat(length)
      expect(travel([text, { [text]: text }])).toStrictEqual([text, { [text]: text }])
    }
  }
})

test('a byte order mark at the front of a long string', () => {
  const text = `\ufeff${'x'.repeat(200)}`
  expect(travel(text)).toBe(text)
  expect(travel({ [text]: [text] })).toStrictEqual({ [text]: [text] })
})

test('any strings', () => {
  const strings = fc.array(fc.string({ unit: 'binary', maxLength: 400 }))
  fc.assert(
    fc.property(strings, (value) => expect(difference(value, travel(value))).toBeUndefined()),
    { numRuns: 500 }
  )
})

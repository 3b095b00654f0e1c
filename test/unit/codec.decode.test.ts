import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { ProtocolError } from '../../src/errors.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const expectRefused = (bytes: Uint8Array): void => {
  expect(() => decodeObject(bytes)).toThrow(ProtocolError)
  expect(decodeObject(encodeObject({ still: ['works'] }))).toEqual({ still: ['works'] })
}

test.each([
  ['nothing', ''],
  ['a number that ends early', 'fb 40 09'],
  ['a second item', '01 02'],
  ['a text that ends early', '65 61 62'],
  ['an array that ends early', '82 01'],
  ['a map without its last value', 'a1 61 61'],
  ['an array of 4 billion elements in 5 bytes', '9a ff ff ff ff'],
  ['an array of 2⁶⁴-1 elements', '9b ff ff ff ff ff ff ff ff'],
  ['a map of 4 billion keys in 5 bytes', 'ba ff ff ff ff'],
  ['a text of 4 GiB in 5 bytes', '7a ff ff ff ff'],
  ['an indefinite array', '9f 01 ff'],
  ['an indefinite text', '7f 61 61 ff'],
  ['a break', 'ff'],
  ['an unassigned simple value', 'f8 20'],
  ['a packed value', 'e1'],
  ['a reserved length', '1c'],
  ['a bignum', 'c2 49 01 00 00 00 00 00 00 00 00'],
  ['a date of plain CBOR', 'c1 1a 51 4b 67 b0'],
  ['a tag within', '81 c1 00'],
  ['a record definition', 'd9 df ff 83 19 e0 00 81 61 61 01'],
  ['a bundle of strings', 'd9 df f9 82 1a 00 00 00 01 00'],
  ['shared values', 'd8 1c d9 01 02 81 d8 1d 00'],
  ['a key that is an array', 'a1 80 01'],
  ['a table that is no array', 'd9 4d 50 01'],
  ['an empty table', 'd9 4d 50 80'],
  ['a table without nodes', 'd9 4d 50 81 80'],
  ['a table with fewer kinds than nodes', 'd9 4d 50 83 81 01 a0 a0'],
  ['a table within a table', 'd9 4d 50 d9 4d 50 82 81 01 a0'],
  ['kinds that are no array', 'd9 4d 50 82 01 a0'],
  ['a kind that is no number', 'd9 4d 50 82 81 61 61 a0'],
  ['a kind that is a node', 'd9 4d 50 82 81 80 a0'],
  ['an unknown kind', 'd9 4d 50 82 81 18 1f 40'],
  ['a buffer of an unknown kind', 'd9 4d 50 82 81 18 7f 40'],
  ['a buffer of the kind of objects', 'd9 4d 50 82 81 18 20 40'],
  ['a buffer of half an element', 'd9 4d 50 82 81 18 29 43 01 02 03'],
  ['a buffer that is no byte string', 'd9 4d 50 82 81 18 22 01'],
  ['a record that is no map', 'd9 4d 50 82 81 01 80'],
  ['a record that is null', 'd9 4d 50 82 81 01 f6'],
  ['a list that is no array', 'd9 4d 50 82 81 03 a0'],
  ['a map within a node', 'd9 4d 50 82 81 01 a1 61 61 a0'],
  ['a byte string within a node', 'd9 4d 50 82 81 03 81 40'],
  ['a reference to nobody', 'd9 4d 50 82 81 03 81 81 00'],
  ['a reference beyond the end', 'd9 4d 50 82 81 03 81 81 02'],
  ['a reference to half a node', 'd9 4d 50 82 81 03 81 81 f9 3e 00'],
  ['a reference by name', 'd9 4d 50 82 81 03 81 81 61 61'],
  ['a reference to two', 'd9 4d 50 82 81 03 81 82 01 01'],
  ['a Map with a key without a value', 'd9 4d 50 82 81 05 81 01'],
  ['a record with a key that is no text', 'd9 4d 50 82 81 02 82 01 01'],
  ['a sparse array without a length', 'd9 4d 50 82 81 04 80'],
  ['a sparse array of negative length', 'd9 4d 50 82 81 04 81 20'],
  ['a sparse array of half a length', 'd9 4d 50 82 81 04 81 f9 3e 00'],
  ['a sparse array with an element outside', 'd9 4d 50 82 81 04 83 02 02 01'],
  ['a sparse array with a length that is a reference', 'd9 4d 50 82 81 04 81 81 01'],
  ['a date that is a text', 'd9 4d 50 82 81 07 61 61'],
  ['a regular expression that is none', 'd9 4d 50 82 81 08 82 61 28 60'],
  ['a regular expression with unknown flags', 'd9 4d 50 82 81 08 82 61 61 61 7a'],
  ['a regular expression of numbers', 'd9 4d 50 82 81 08 82 01 02'],
  ['an error without a class', 'd9 4d 50 82 81 09 80'],
  ['an error of a class that is none', 'd9 4d 50 82 81 09 82 68 46 75 6e 63 74 69 6f 6e 00'],
  ['an error with a field without a value', 'd9 4d 50 82 81 09 83 65 45 72 72 6f 72 00 61 61'],
  ['a bigint that is no number', 'd9 4d 50 82 81 0a 61 67'],
  ['a bigint that is nothing', 'd9 4d 50 82 81 0a 60'],
  ['a text node that is a text', 'd9 4d 50 82 81 0b 61 61']
])('%s is refused', (_, text) => expectRefused(hex(text)))

test('100,000 levels of arrays are refused', () => {
  expectRefused(new Uint8Array(100_000).fill(0x81))
  expectRefused(Uint8Array.from([...new Array(100_000).fill(0x81), 0]))
  expectRefused(Uint8Array.from([0xd9, 0x4d, 0x50, ...new Array(100_000).fill(0x81), 0]))
})

test('a bignum of 256 KiB is refused at once', () => {
  expectRefused(Uint8Array.from([0xc2, 0x5a, 0, 4, 0, 0, ...new Uint8Array(1 << 18).fill(255)]))
})

test('__proto__ in a plain map changes no prototype', () => {
  const value = decodeObject(hex('a1 69 5f5f70726f746f5f5f a1 61 78 01'))
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect(Reflect.get(value as object, 'x')).toBeUndefined()
})

test('a sparse array with a small node takes little memory', () => {
  const node = hex('81 1a 01 f0 00 00')
  const bytes = Uint8Array.from([
    0xd9,
    0x4d,
    0x50,
    0x98,
    101,
    0x98,
    100,
    ...new Array(100).fill(4),
    ...new Array(100).fill([...node]).flat()
  ])
  const before = process.memoryUsage().rss
  expect(decodeObject(bytes)).toHaveLength(0x1f00000)
  expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
})

test('every shortening and every change of one byte decodes or is refused', () => {
  const value = {
    a: [1, -0, 'text', 2n ** 70n],
    m: new Map([[new Date(1), new Set([/a/])]]),
    e: new RangeError('x'),
    f: new Float32Array(3),
    b: null
  }
  const bytes = Uint8Array.from(encodeObject(Object.assign(value, { self: value })))
  for (let at = 0; at < bytes.length; at++) {
    expectRefused(bytes.slice(0, at))
    for (const change of [1, 0x20, 0x80, 0xff]) {
      const changed = Uint8Array.from(bytes)
      changed[at]! ^= change
      try {
        decodeObject(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }
  }
})

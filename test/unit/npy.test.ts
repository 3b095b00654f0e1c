import { concatMap, map } from 'rxjs'
import { struct } from '../../src/layout/index.js'
import { created, opened } from '../../src/npy/array.js'
import { descrOf, elementsOf } from '../../src/npy/dtype.js'
import { headerFor, parseHeader } from '../../src/npy/header.js'
import { parseLiteral, quoted } from '../../src/npy/python-literal.js'
import { simulate } from '../../testing/simulate.js'

const header = (text: string): Buffer => {
  const start = Buffer.from(`\x93NUMPY\x01\x00`, 'latin1')
  const body = Buffer.from(`${text}\n`, 'latin1')
  const length = Buffer.alloc(2)
  length.writeUInt16LE(body.length)
  return Buffer.concat([start, length, body])
}

describe('the header of a .npy file', () => {
  it.each([
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", 'f64', 'native', 'C', [3, 4]],
    ["{'descr': '>i2', 'fortran_order': True, 'shape': (5,), }", 'i16', 'external32', 'F', [5]],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 'u8', 'native', 'C', []],
    ["{'shape': (2,), 'fortran_order': False, 'descr': '|b1'}", 'u8', 'native', 'C', [2]]
  ])('%s', (text, type, format, order, shape) => {
    expect(parseHeader(header(text), 'a.npy')).toEqual({ type, format, order, shape, at: 11 + text.length })
  })

  it('tells records aligned as in C, packed, within each other, and of several elements', () => {
    const inner = [
      ['x', '<f4'],
      ['y', '<f4']
    ]
    const aligned = elementsOf([
      ['tag', '|u1'],
      ['', '|V3'],
      ['at', inner, [2, 3]],
      ['', '|V4'],
      ['n', '<i8']
    ] as never).type
    expect(aligned).toEqual(struct({ tag: 'u8', at: [struct({ x: 'f32', y: 'f32' }), 6], n: 'i64' }, { packed: false }))
    const packed = elementsOf([
      ['tag', '|u1'],
      ['value', '<f8']
    ] as never).type
    expect(packed).toEqual(struct({ tag: 'u8', value: 'f64' }, { packed: true }))
    expect(elementsOf('<c16')).toEqual({ type: struct({ re: 'f64', im: 'f64' }), format: 'native' })
  })

  it.each([
    ['<U5', 'have no counterpart'],
    ['|O', 'have no counterpart'],
    [
      [
        ['a', '<i4'],
        ['b', '>i4']
      ],
      'some fields are little-endian'
    ],
    [
      [
        ['a', '|u1'],
        ['', '|V1'],
        ['b', '<f8']
      ],
      'neither aligned as in C nor packed'
    ]
  ])('refuses elements of %j', (descr, message) => {
    expect(() => elementsOf(descr as never)).toThrow(message)
  })

  it('is read as it was written, whatever the type, shape and order', () => {
    const types = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64'] as const
    const records = struct({ "it's": 'u8', 'größe\\': ['f64', 3], inner: struct({ a: 'u8', b: 'u16' }) })
    for (const type of [...types, Float64Array, records]) {
      for (const shape of [[], [7], [2, 3, 4]]) {
        for (const order of ['C', 'F'] as const) {
          const bytes = Buffer.from(headerFor(type, shape, order))
          expect(bytes.length % 64).toBe(0)
          const { type: found, ...rest } = parseHeader(bytes, 'a.npy')
          expect(rest).toEqual({ shape, order, format: 'native', at: bytes.length })
          expect(found).toEqual(type === Float64Array ? 'f64' : type)
        }
      }
    }
    expect(descrOf('bytes')).toBe("'|u1'")
  })

  it.each([
    ['not numpy at all', 'this is no .npy file'],
    [header("{'descr': '<f8'"), 'the header cannot be read: it ends too early'],
    [header("{'descr': '<f8', 'shape': (3,)}"), 'descr, fortran_order or shape is missing'],
    [header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), 'descr, fortran_order or shape is missing'],
    [header('import os'), "the header cannot be read: 'import' at character"],
    [header("{'descr': '<f8'}").subarray(0, 20), 'the header ends at byte']
  ])('that is damaged says where', (bytes, message) => {
    expect(() => parseHeader(Buffer.from(bytes as string), 'a.npy')).toThrow(message)
  })

  it('has text with escapes', () => {
    for (const text of ["a'b\\c\n\t\r", '\u00fc\u{1f600}']) expect(parseLiteral(quoted(text))).toBe(text)
    expect(parseLiteral('"\\x41\\u00fc\\U0001f600"')).toBe('A\u00fc\u{1f600}')
  })
})

describe('an array in a .npy file', () => {
  it.each([1, 2, 3, 4, 5, 7, 8])('is made by %i ranks, each its part, and read by all', (size) => {
    const results: unknown[] = []
    const files = simulate(size, {}, ({ comms, flush, files }) => {
      for (const comm of comms) {
        created(comm, 'a.npy', { shape: [size, 3], type: 'f32', replace: true })
          .pipe(
            concatMap(({ file }) =>
              file.iwriteAll(new Float32Array(3).fill(comm.rank), { at: 3 * comm.rank }).pipe(concatMap(() => file.iclose()))
            ),
            concatMap(() => opened(comm, 'a.npy', 'r', {})),
            concatMap(({ file, shape, order, length }) =>
              file.iread().pipe(concatMap((all) => file.iclose().pipe(map(() => [shape, order, length, [...(all as Iterable<number>)]]))))
            )
          )
          .subscribe({ next: (value) => results.push(value), error: (error) => results.push(error) })
      }
      flush()
      return files()
    })
    const numbers = Array.from({ length: 3 * size }, (_, k) => Math.floor(k / 3))
    expect(results).toEqual(Array.from({ length: size }, () => [[size, 3], 'C', 3 * size, numbers]))
    expect(Object.keys(files)).toHaveLength(1)
  })

  it('that is too short is a FileError on all ranks, and nothing stays open', () => {
    const errors: string[] = []
    const bytes = headerFor('f64', [10], 'C')
    simulate(2, { files: { 'a.npy': bytes } }, ({ comms, flush }) => {
      for (const comm of comms) opened(comm, 'a.npy', 'r', {}).subscribe({ error: (error: Error) => errors.push(error.message) })
      flush()
    })
    expect(errors).toHaveLength(2)
    for (const message of errors) expect(message).toContain('an array of shape (10) ends at byte')
  })

  it('refuses a bad shape, order or type', () => {
    simulate(1, {}, ({ comms: [comm] }) => {
      expect(() => created(comm!, 'a.npy', { shape: [-1] })).toThrow('shape: expected an array of integers')
      expect(() => created(comm!, 'a.npy', { shape: [1], order: 'X' as never })).toThrow("order: expected 'C' or 'F'")
      expect(() => created(comm!, 'a.npy', { shape: [1], type: 'f65' as never })).toThrow('type: expected')
    })
  })
})

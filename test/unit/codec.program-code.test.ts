import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { datatypeOf, nameOf } from '../../src/codec/datatype.js'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { type Referable, toReference } from '../../src/codec/reference.js'

/** What runs of the program's while a value is read may send something itself: each is asked once, and before the first byte. */

const travel = (value: unknown): unknown => decodeObject(encodeObject(value).slice())

/** Sends something else before it answers. */
function asked(): { ask: <T>(answer: T) => T } {
  let sends = 0
  return {
    ask: (answer) => {
      encodeObject({ another: 'message', of: ['some', 'length', ++sends] })
      encodeObject(new Map([[1, ['and', 'another']]]))
      return answer
    }
  }
}

const getter = (target: object, key: PropertyKey, get: () => unknown): object =>
  Object.defineProperty(target, key, { get, enumerable: true, configurable: true })

describe.each<[string, (ask: <T>(answer: T) => T) => [sent: unknown, arrives: unknown, reads: number]]>([
  ['a getter of an array', (ask) => [getter(['a', '', 'c'], 1, () => ask('b')), ['a', 'b', 'c'], 1]],
  [
    'a getter of a long array',
    (ask) => [getter(new Array(5000).fill('x'), 4000, () => ask('b')), new Array(5000).fill('x').map((x, k) => (k === 4000 ? 'b' : x)), 1]
  ],
  ['a getter of an array that holds objects', (ask) => [getter(['a', '', { b: 1 }], 1, () => ask('b')), ['a', 'b', { b: 1 }], 1]],
  ['a getter of an array with holes', (ask) => [getter(['a', undefined, ''], 2, () => ask('b')), ['a', undefined, 'b'], 1]],
  ['a getter of an object', (ask) => [getter({ a: 1 }, 'b', () => ask('b')), { a: 1, b: 'b' }, 1]],
  ['a getter deep within', (ask) => [{ a: [{ b: getter([1, 2], 0, () => ask('b')) }], c: 'c' }, { a: [{ b: ['b', 2] }], c: 'c' }, 1]],
  [
    'a proxy of an array',
    (ask) => [new Proxy(['a', 'b'], { get: (target, key) => (key === '1' ? ask('c') : Reflect.get(target, key)) }), ['a', 'c'], 1]
  ],
  ['an iterator of an array', (ask) => [Object.assign(['a', 'b'], { [Symbol.iterator]: () => ask([][Symbol.iterator]()) }), ['a', 'b'], 0]],
  [
    'an iterator of a Map',
    (ask) => [
      new (class extends Map<unknown, unknown> {
        override [Symbol.iterator]() {
          return ask(new Map()[Symbol.iterator]())
        }
      })([['a', 'b']]),
      new Map([['a', 'b']]),
      0
    ]
  ],
  [
    'toJSON',
    (ask) => [
      [
        new (class {
          b = 1
          toJSON() {
            return ask('text')
          }
        })()
      ],
      [{ b: 1 }],
      0
    ]
  ],
  ['the source of a RegExp', (ask) => [[getter(/a/g, 'source', () => ask({ not: 'text' }))], [/a/g], 0]],
  [
    'fields of a typed array',
    (ask) => [
      [
        ['byteLength', 'byteOffset', 'buffer', 'length', 'constructor'].reduce(
          (array, key) => getter(array, key, () => ask(1)) as never,
          Uint8Array.of(1, 2)
        )
      ],
      [Uint8Array.of(1, 2)],
      0
    ]
  ],
  [
    'a class of typed arrays',
    (ask) => [
      [
        new (class extends Float64Array {
          override get byteLength() {
            return ask(1)
          }
          override get [Symbol.toStringTag]() {
            return ask('Int8Array' as never)
          }
        })([1, 2])
      ],
      [Float64Array.of(1, 2)],
      0
    ]
  ]
])('%s', (_, make) => {
  test('leaves the message as it is', () => {
    const { ask } = asked()
    let reads = 0
    const [sent, arrives, expected] = make((answer) => {
      reads++
      return ask(answer)
    })
    expect(travel(sent)).toEqual(arrives)
    expect(reads).toBe(expected)
  })
})

test("a getter of an error's cause may send something", () => {
  const { ask } = asked()
  const error = new Error('x')
  Object.defineProperty(error, 'cause', { get: () => ask({ a: [1] }) })
  expect((travel({ error }) as { error: Error }).error).toMatchObject({ message: 'x', cause: { a: [1] } })
})

test('whatever throws on the way, the next message is written right', () => {
  const thrower = fc.constantFrom<() => unknown>(
    () =>
      getter([1, 2, 3], 1, () => {
        throw new Error('getter')
      }),
    () =>
      getter({ a: 1 }, 'b', () => {
        throw new Error('getter')
      }),
    () => ({ a: ['long'.repeat(1000), () => 1] }),
    () => Object.assign([1, 'text'.repeat(5000)], { 2: Symbol('s') }),
    () =>
      new Proxy([1], {
        get: () => {
          throw new Error('trap')
        }
      }),
    () => new Map([[1, Promise.resolve()]]),
    () => new Headers()
  )
  fc.assert(
    fc.property(
      thrower,
      fc.integer({ min: 0, max: 150 }),
      fc.anything({ withMap: true, withSet: true, withDate: true }),
      (make, depth, value) => {
        const expected = Uint8Array.from(encodeObject(value))
        let bad = make()
        for (let k = 0; k < depth; k++) bad = k % 2 === 0 ? { bad } : [bad]
        expect(() => encodeObject(bad)).toThrow()
        expect(Uint8Array.from(encodeObject(value))).toEqual(expected)
      }
    )
  )
})

test('where the stack ends within the encoder, the next message is written right', () => {
  const value = { a: [1, { b: 'text' }], c: [[[['deep']]]] }
  const dive = (): unknown => {
    try {
      return dive()
    } catch {
      // As near to the end as a call can be, and then further from it.
      try {
        return encodeObject(value)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        throw error
      }
    }
  }
  dive()
  expect(travel(value)).toEqual(value)
})

test.each([
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Map',
  'Set',
  'Date',
  'WeakRef',
  'Array Iterator',
  'Generator',
  'Error',
  'Uint8Array',
  'Headers'
])('what only calls itself %s is an object of its own fields', (name) => {
  class Named {
    length = 3
    get [Symbol.toStringTag]() {
      return name
    }
  }
  for (const value of [{ [Symbol.toStringTag]: name, length: 3 }, new Named()]) {
    expect(nameOf(datatypeOf(value))).toBe('object')
    expect(travel(value)).toEqual({ length: 3 })
    expect(travel([value])).toEqual([{ length: 3 }])
  }
})

test('a class that is only named as one of errors is another', () => {
  class Fake {
    static readonly name: string = 'TypeError'
    message = 'm'
    stack = 's'
  }
  expect(travel(new Fake())).toEqual({ message: 'm', stack: 's' })
})

test('buffers, collections and errors of another realm are what they are', () => {
  const [buffer, view, map, date, error] = runInNewContext(
    '[new ArrayBuffer(8), new Float64Array([1, 2]), new Map([[1, 2]]), new Date(5), new TypeError("x")]'
  )
  expect(nameOf(datatypeOf(buffer))).toBe('ArrayBuffer')
  expect(nameOf(datatypeOf(view))).toBe('Float64Array')
  const got = travel([buffer, view, map, date, error]) as unknown[]
  expect(got.slice(0, 4)).toEqual([new ArrayBuffer(8), Float64Array.of(1, 2), new Map([[1, 2]]), new Date(5)])
  expect(got[4]).toBeInstanceOf(TypeError)
})

test('a reference is told for how many ranks it is, also where a getter sends another one meanwhile', () => {
  const told: [name: string, readers: number][] = []
  class Reference implements Referable {
    constructor(readonly name: string) {}

    [toReference](readers: number): readonly [number, number] {
      told.push([this.name, readers])
      return [0, told.length]
    }
  }
  const reference = (name: string) => new Reference(name)
  const outer = getter({ before: reference('before'), after: reference('after') }, 'between', () => encodeObject([reference('other')]))
  const deep = [{ outer }, reference('last')]
  encodeObject(deep, 3)
  expect(told.sort()).toEqual([
    ['after', 3],
    ['before', 3],
    ['last', 3],
    ['other', 1]
  ])
})

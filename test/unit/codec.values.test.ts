import { runInNewContext } from 'node:vm'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { difference } from './isomorphic.js'

/** Through bytes of its own, as between two ranks. */
const travel = <T>(value: T): T => decodeObject(Uint8Array.from(encodeObject(value))) as T

const arrives = (value: unknown): void => expect(difference(value, travel(value))).toBeUndefined()

describe('primitives', () => {
  const integers = [2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64].flatMap((n) => [n - 1, n, n + 1, 1 - n, -n, -n - 1])
  const small = [0, 1, 23, 24, 25, -1, -24, -25, 255, 256]
  const reals = [-0, 0.1, -0.1, 3.14, 1e-7, 5e-324, Number.MAX_VALUE, Number.EPSILON, 2 ** 53 + 2, 1e300]
  test.each([undefined, null, true, false, Number.NaN, Infinity, -Infinity, ...small, ...integers, ...reals])('%p', (value) => {
    expect(travel(value)).toBe(value)
    expect(travel([value])).toStrictEqual([value])
    expect(travel({ value })).toStrictEqual({ value })
    expect(travel(new Map([[1, { value }]]))).toStrictEqual(new Map([[1, { value }]]))
  })

  const powers = [0n, 1n, 31n, 32n, 53n, 63n, 64n, 65n, 128n, 1000n].map((exponent) => 2n ** exponent)
  test.each(powers.flatMap((n) => [n - 1n, n, n + 1n, 1n - n, -n, -n - 1n]))('bigint %p', (value) => {
    expect(travel(value)).toBe(value)
    expect(travel({ value: [value] })).toStrictEqual({ value: [value] })
  })

  test('a bigint of a million digits', () => {
    const value = -(10n ** 1_000_000n)
    expect(travel({ value }).value === value).toBe(true)
  })

  const long = 'x'.repeat(100)
  const lengths = [0, 1, 15, 16, 23, 24, 31, 32, 63, 64, 65, 139, 140, 255, 256, 65_535, 65_536, 1_000_000]
  const texts = ['é', '→', '🚀', 'a\0b', '\uffff', `\ufeff`, `\ufeff${long}`, `${long}\ufeff`, `é${long}`, `${long}🚀`, '"\\\n']
  test.each([
    ...texts.map((text) => [text] as const),
    ...lengths.map((n) => ['x'.repeat(n)] as const),
    ...lengths.map((n) => ['→'.repeat(n)] as const)
  ])('string %#', (text) => {
    expect(travel(text)).toBe(text)
    expect(travel({ [text]: text, list: [text, long, text] })).toStrictEqual({ [text]: text, list: [text, long, text] })
  })

  test('lone surrogates arrive as U+FFFD, one each, in values and keys', () => {
    for (const padding of ['', long]) {
      expect(travel(`a\ud800${padding}`)).toBe(`a\ufffd${padding}`)
      expect(travel([`\udc00\udc00${padding}`])).toEqual([`\ufffd\ufffd${padding}`])
      expect(travel({ k: { [`\udc00${padding}b`]: 1 } })).toEqual({ k: { [`\ufffd${padding}b`]: 1 } })
    }
  })
})

describe('objects', () => {
  test('plain, empty, nested and without a prototype', () => {
    for (const value of [{}, { a: 7, b: 3.14 }, { a: { b: { c: [] } } }, { '': 1, 'a b': 2, 1: 3 }])
      expect(travel(value)).toStrictEqual(value)
    expect(travel(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 })
  })

  test('key order stays', () => {
    expect(Object.keys(travel({ b: 1, a: 2, z: { y: 1, x: 2 } }))).toEqual(['b', 'a', 'z'])
  })

  test('many keys', () => {
    const value = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key ${i}`, i]))
    arrives(value)
    arrives({ value, again: value })
  })

  test('class instances arrive as plain objects of their own fields', () => {
    class Point {
      x = 1
      #hidden = 2
      y = { z: this.#hidden }
      get length() {
        return 3
      }
      toString() {
        return 'point'
      }
    }
    expect(travel(new Point())).toStrictEqual({ x: 1, y: { z: 2 } })
    expect(travel([new Point(), new Map([['p', new Point()]])])).toStrictEqual([
      { x: 1, y: { z: 2 } },
      new Map([['p', { x: 1, y: { z: 2 } }]])
    ])
  })

  test('getters are read, once, and not at all when hidden', () => {
    let reads = 0
    const value = {
      get a() {
        return ++reads
      },
      get b() {
        return [new Date(0)]
      }
    }
    Object.defineProperty(value, 'hidden', { get: () => ++reads, enumerable: false })
    expect(travel(value)).toStrictEqual({ a: 1, b: [new Date(0)] })
    expect(travel([value])).toStrictEqual([{ a: 2, b: [new Date(0)] }])
  })

  test('a getter may itself encode', () => {
    const value = {
      get a() {
        return encodeObject('something else that is longer').length
      },
      b: [1, 2]
    }
    expect(travel({ value, date: new Date(1) })).toStrictEqual({ value: { a: 31, b: [1, 2] }, date: new Date(1) })
  })

  test('what a getter throws is thrown', () => {
    const failure = new TypeError('not today')
    const value = {
      get a(): never {
        throw failure
      }
    }
    expect(() => encodeObject(value)).toThrow(failure)
    expect(() => encodeObject([new Map([[1, value]])])).toThrow(failure)
    arrives({ after: 'that' })
  })

  test('toJSON is not called', () => {
    const toJSON = jest.fn()
    class Opaque {
      a = 1
      toJSON = undefined
    }
    Opaque.prototype.toJSON = toJSON as never
    expect(travel(new Opaque())).toStrictEqual({ a: 1, toJSON: undefined })
    expect(travel(Object.assign(Object.create({ toJSON }), { a: 1 }))).toStrictEqual({ a: 1 })
    expect(travel(new Date(0))).toStrictEqual(new Date(0))
    expect(toJSON).not.toHaveBeenCalled()
  })

  test('symbol keys are left out', () => {
    expect(travel({ a: 1, [Symbol('b')]: () => 1, [Symbol.iterator]: 2, [Symbol.toStringTag]: 'Blob' })).toStrictEqual({ a: 1 })
  })

  test('keys with a meaning of their own are keys like others', () => {
    for (const text of ['{"__proto__": {"polluted": 1}}', '{"a": {"__proto__": 1, "constructor": {"prototype": {"polluted": 1}}}}']) {
      const value = JSON.parse(text)
      const copy = travel(value)
      expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    const named = {
      constructor: 1,
      hasOwnProperty: 2,
      toString: 3,
      size: 4,
      length: 5,
      prototype: 7,
      buffer: 8,
      tag: 9,
      value: 10
    }
    expect(travel(named)).toEqual(named)
    expect(travel([named, new Date(0)])).toEqual([named, new Date(0)])
  })

  test('proxies of objects and arrays arrive as what they show', () => {
    const handler = { get: (target: object, key: PropertyKey) => (key === 'a' || key === '0' ? 42 : Reflect.get(target, key)) }
    expect(travel(new Proxy({ a: 1, b: 2 }, handler))).toStrictEqual({ a: 42, b: 2 })
    expect(travel(new Proxy([1, 2], handler))).toStrictEqual([42, 2])
  })
})

describe('arrays', () => {
  test('of numbers, of anything, empty', () => {
    for (const value of [[], [1, 2, 3], [1, 'a', null, undefined, true, 2n], [[], [[]]], [-0, 1.5, Number.NaN]])
      expect(travel(value)).toStrictEqual(value)
    arrives(Array.from({ length: 100_000 }, (_, i) => i / 7))
    arrives(Array.from({ length: 10_000 }, (_, i) => ({ i, text: String(i) })))
  })

  test('holes arrive as undefined', () => {
    // biome-ignore lint/suspicious/noSparseArray: that is what is sent
    const holes = [1, , 3]
    expect(travel(holes)).toStrictEqual([1, undefined, 3])
    expect(travel({ holes: new Array(5) })).toStrictEqual({ holes: new Array(5).fill(undefined) })
  })

  test('sparse arrays take room for what they hold', () => {
    const sparse: unknown[] = []
    sparse[5] = 'five'
    sparse[4_000_000_000] = { last: sparse }
    Object.assign(sparse, { field: 1, '01': 2, '4294967295': 3 })
    const bytes = encodeObject(sparse)
    expect(bytes.length).toBeLessThan(100)
    const copy = decodeObject(Uint8Array.from(bytes)) as unknown[]
    expect(copy).toHaveLength(4_000_000_001)
    expect(Object.keys(copy)).toEqual(['5', '4000000000'])
    expect(copy[5]).toBe('five')
    expect(copy[4_000_000_000]).toEqual({ last: copy })
    expect(travel(new Array(2 ** 32 - 1))).toHaveLength(2 ** 32 - 1)
  })

  test('subclasses arrive as arrays, and constructor is not asked', () => {
    class List extends Array {}
    expect(travel(List.from([1, [2]]))).toStrictEqual([1, [2]])
    expect(travel(Object.assign([1, 2], { constructor: 7 }))).toStrictEqual([1, 2])
  })
})

describe('Map, Set, Date, RegExp', () => {
  test('Map and Set with any keys, in order', () => {
    const key = { k: 1 }
    const map = new Map<unknown, unknown>([
      [key, key],
      [Number.NaN, 1],
      [undefined, null],
      ['__proto__', 2],
      [1n, new Map()],
      [[1], [[2]]]
    ])
    arrives(map)
    arrives(new Set([key, map, 'a', [1], new Set()]))
    arrives({ empty: [new Map(), new Set()] })
    class Registry extends Map {}
    expect(travel(new Registry().set('a', 1))).toStrictEqual(new Map([['a', 1]]))
  })

  test('dates to the millisecond', () => {
    for (const time of [0, 1, -1, 1234567890123, -62_135_596_800_001, 8.64e15, -8.64e15, Number.NaN]) arrives([new Date(time)])
  })

  test('regular expressions', () => {
    for (const value of [/a/, /a.(?<b>c)\/→/dgimsuy, /[\p{L}\d]/u, /(?:)/, /\n/]) arrives(value)
  })
})

describe('errors', () => {
  test.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%p keeps class, message, stack, cause and fields',
    (type) => {
      const value = Object.assign(new type('went wrong', { cause: new Map([[1, new Error('inner')]]) }), { code: 'E_WRONG', at: [1] })
      const copy = travel(value)
      expect(copy).toBeInstanceOf(type)
      expect(Object.getPrototypeOf(copy)).toBe(type.prototype)
      expect(copy.stack).toBe(value.stack)
      expect(Object.keys(copy)).toEqual(['code', 'at'])
      expect(Object.getOwnPropertyNames(copy).sort()).toEqual(Object.getOwnPropertyNames(value).sort())
      arrives(value)
    }
  )

  test('AggregateError', () => {
    const value = new AggregateError([new TypeError('one'), 2], 'both')
    const copy = travel(value)
    expect(copy).toBeInstanceOf(AggregateError)
    expect(copy.errors[0]).toBeInstanceOf(TypeError)
    arrives(value)
  })

  test('own classes arrive as the built-in one that they extend, with their name', () => {
    class ParseError extends SyntaxError {
      override name = 'ParseError'
      line = 3
    }
    class QuietError extends Error {
      override get name() {
        return 'QuietError'
      }
    }
    const copy = travel(new ParseError('at x'))
    expect(Object.getPrototypeOf(copy)).toBe(SyntaxError.prototype)
    expect(copy).toMatchObject({ name: 'ParseError', message: 'at x', line: 3 })
    const quiet = travel(new QuietError('psst'))
    expect(Object.getPrototypeOf(quiet)).toBe(Error.prototype)
    expect(quiet.name).toBe('QuietError')
    expect(Object.keys(quiet)).toEqual([])
  })

  test('an error that is its own cause, without a stack, or that Node made', () => {
    const value = new Error('loop')
    value.cause = value
    delete value.stack
    const copy = travel(value)
    expect(copy.cause).toBe(copy)
    expect(Object.hasOwn(copy, 'stack')).toBe(false)
    try {
      Buffer.alloc(-1)
    } catch (error) {
      expect(travel(error)).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' })
    }
    expect(travel(new DOMException('stop', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'stop' })
  })
})

describe('buffers within', () => {
  const integers = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array
  ]
  const all = [...integers, Float32Array, Float64Array, DataView] as unknown as (typeof Uint8Array)[]
  test.each(all)('%p keeps its kind, and is a view of its own bytes only', (type) => {
    const source = new ArrayBuffer(64)
    new Uint8Array(source).forEach((_, i, bytes) => {
      bytes[i] = i * 3
    })
    const view = new type(source, 16, 2)
    const copy = travel({ pad: 'x', view })
    expect(copy.view.constructor).toBe(type)
    expect(copy.view.buffer.byteLength).toBe(view.byteLength)
    arrives({ view, same: view, other: new type(source, 8, 1) })
  })

  test('ArrayBuffer, Buffer and what is on shared memory', () => {
    const shared = new SharedArrayBuffer(4)
    new Uint8Array(shared).set([1, 2, 3, 4])
    arrives([new ArrayBuffer(3), new ArrayBuffer(0), Buffer.from('abc'), Buffer.alloc(0), new Uint8Array(0)])
    const [view, whole] = travel([new Uint16Array(shared, 2, 1), shared as unknown as ArrayBuffer]) as [Uint16Array, ArrayBuffer]
    expect(view).toStrictEqual(new Uint16Array([0x0403]))
    expect(view.buffer).not.toBeInstanceOf(SharedArrayBuffer)
    expect([...new Uint8Array(whole)]).toEqual([1, 2, 3, 4])
    expect(travel([Buffer.from('abc')])[0]!.buffer.byteLength).toBe(3)
  })

  test('large ones', () => {
    arrives({ a: new Float64Array(20_000).fill(1.5), b: 'x' })
    arrives({ after: 1 })
  })

  test('what arrives shares no memory with the bytes', () => {
    const bytes = Uint8Array.from(encodeObject({ a: new Uint8Array([1, 2]), b: Buffer.from([3]), text: 'abc' }))
    const copy = decodeObject(bytes)
    bytes.fill(0)
    encodeObject('z'.repeat(1000))
    decodeObject(Uint8Array.from(encodeObject('y'.repeat(1000))))
    expect(copy).toEqual({ a: new Uint8Array([1, 2]), b: Buffer.from([3]), text: 'abc' })
  })
})

describe('identity', () => {
  test('shared references stay shared', () => {
    const date = new Date(1)
    const error = new Error('shared')
    const list = [1]
    const bytes = new Uint8Array(2)
    const map = new Map()
    const set = new Set()
    const things = [date, error, list, bytes, map, set, /a/, {}]
    arrives({ things, again: [...things], map: new Map(things.map((thing) => [thing, thing])) })
  })

  test('cycles through objects, arrays, maps, sets and errors', () => {
    const value: Record<string, unknown> = {
      list: [] as unknown[],
      map: new Map(),
      set: new Set(),
      error: new Error('round', { cause: {} })
    }
    const { list, map, set, error } = value as { list: unknown[]; map: Map<unknown, unknown>; set: Set<unknown>; error: Error }
    list.push(value, list)
    map.set(map, set).set(value, map)
    set.add(set).add(list).add(error)
    Object.assign(error, { cause: error, value })
    for (const root of [value, list, map, set, error]) arrives(root)
  })

  test('equal things that are not the same stay apart', () => {
    const [a, b] = travel([{ x: 1 }, { x: 1 }])
    expect(a).not.toBe(b)
  })

  test('100,000 levels', () => {
    let chain: unknown = { end: true }
    for (let i = 0; i < 100_000; i++) chain = i % 2 === 0 ? { next: chain } : [chain]
    arrives(chain)
  })

  test('levels around the limit of trees', () => {
    for (let levels = 95; levels < 105; levels++) {
      let nested: unknown = 1
      for (let i = 0; i < levels; i++) nested = [nested]
      arrives(nested)
    }
  })
})

test('values of another realm', () => {
  const value = runInNewContext(`({
    list: [1, { a: [2] }], map: new Map([[1, new Set([2])]]), date: new Date(5), pattern: /x/g, error: new RangeError('far'),
    bytes: new Uint8Array([1, 2]), view: new DataView(new ArrayBuffer(2)), nothing: Object.create(null)
  })`)
  const copy = travel(value)
  expect(difference(value, copy)).toBeUndefined()
  expect(copy.error).toBeInstanceOf(RangeError)
  expect(copy.map).toBeInstanceOf(Map)
  expect(travel(runInNewContext('[1, 2]'))).toStrictEqual([1, 2])
})

test('the largest arena is given up again', () => {
  expect(encodeObject('x'.repeat(8_000_000)).buffer.byteLength).toBeGreaterThan(2 ** 24)
  expect(encodeObject('x').buffer.byteLength).toBe(2 ** 16)
})

test('decodes from anywhere, shared memory too', () => {
  for (const value of [{ a: 7, b: 'text → '.repeat(30) }, [new Date(3), 'é'.repeat(3000)], 1.5]) {
    const bytes = encodeObject(value)
    for (const memory of [new ArrayBuffer(bytes.length + 7), new SharedArrayBuffer(bytes.length + 7)]) {
      const view = new Uint8Array(memory, 3, bytes.length)
      view.set(encodeObject(value))
      expect(decodeObject(view)).toEqual(value)
      expect(decodeObject(new Uint8Array(memory), 3, bytes.length)).toEqual(value)
    }
  }
})

import { ArgumentError, DatatypeError } from '../../src/errors.js'
import {
  BAND,
  BOR,
  BXOR,
  checkOp,
  checkOperand,
  createOp,
  foldArrays,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  NO_OP,
  type Op,
  PROD,
  REPLACE,
  SUM,
  type TypedArray
} from '../../src/op/op.js'

const ops = { SUM, PROD, MAX, MIN, LAND, LOR, LXOR, BAND, BOR, BXOR, MAXLOC, MINLOC, REPLACE, NO_OP } as unknown as Record<
  string,
  Op<unknown>
>

const copyOf = (array: TypedArray): TypedArray => (Buffer.isBuffer(array) ? Buffer.from(array) : array.slice())
const elements = (array: TypedArray): unknown[] => Array.from<unknown>(array as ArrayLike<unknown>)

describe('a predefined op', () => {
  test.each(Object.entries(ops))('%s knows its name', (name, op) => {
    expect(op.name).toBe(name)
  })

  test('is commutative, but for REPLACE and NO_OP', () => {
    const ordered = Object.values(ops).filter(({ commutative }) => !commutative)
    expect(ordered).toEqual([REPLACE, NO_OP])
  })

  test.each<[string, unknown, unknown, unknown]>([
    ['SUM', 2, 3, 5],
    ['SUM', 2n ** 70n, 1n, 2n ** 70n + 1n],
    ['PROD', 2, 3, 6],
    ['PROD', -2n, 3n, -6n],
    ['MAX', 2, 3, 3],
    ['MAX', Number.NaN, 3, Number.NaN],
    ['MAX', 3, Number.NaN, Number.NaN],
    ['MAX', -0, 0, 0],
    ['MAX', 0, -0, 0],
    ['MAX', -2n, -3n, -2n],
    ['MIN', 2, 3, 2],
    ['MIN', Number.NaN, 3, Number.NaN],
    ['MIN', 3, Number.NaN, Number.NaN],
    ['MIN', -0, 0, -0],
    ['MIN', 0, -0, -0],
    ['MIN', 2n, -3n, -3n],
    ['LAND', 2, 3, 1],
    ['LAND', 2, 0, 0],
    ['LAND', Number.NaN, 1, 0],
    ['LAND', 2n, 3n, 1n],
    ['LAND', 2n, 0n, 0n],
    ['LAND', true, true, true],
    ['LAND', true, false, false],
    ['LOR', 0, 3, 1],
    ['LOR', -0, 0, 0],
    ['LOR', 0n, 3n, 1n],
    ['LOR', false, false, false],
    ['LOR', false, true, true],
    ['LXOR', 5, 3, 0],
    ['LXOR', 5, 0, 1],
    ['LXOR', 0n, 4n, 1n],
    ['LXOR', true, true, false],
    ['LXOR', false, true, true],
    ['BAND', 6, 3, 2],
    ['BAND', 2 ** 32 + 5, 7, 5],
    ['BAND', 2n ** 70n + 1n, 2n ** 70n, 2n ** 70n],
    ['BOR', 6, 3, 7],
    ['BOR', 2 ** 31, 0, -(2 ** 31)],
    ['BOR', 4n, 1n, 5n],
    ['BXOR', 6, 3, 5],
    ['BXOR', 6n, 3n, 5n],
    ['MAXLOC', [2, 0], [3, 1], [3, 1]],
    ['MAXLOC', [3, 1], [2, 0], [3, 1]],
    ['MAXLOC', [3, 4], [3, 1], [3, 1]],
    ['MAXLOC', [3, 1], [3, 4], [3, 1]],
    ['MAXLOC', [0, 4], [-0, 1], [-0, 1]],
    ['MAXLOC', [Number.NaN, 4], [3, 1], [Number.NaN, 4]],
    ['MAXLOC', [3, 1], [Number.NaN, 4], [Number.NaN, 4]],
    ['MAXLOC', [Number.NaN, 4], [Number.NaN, 1], [Number.NaN, 1]],
    ['MAXLOC', [3n, 4], [2n, 1], [3n, 4]],
    ['MINLOC', [2, 0], [3, 1], [2, 0]],
    ['MINLOC', [3, 1], [2, 0], [2, 0]],
    ['MINLOC', [3, 4], [3, 1], [3, 1]],
    ['MINLOC', [Number.NaN, 4], [3, 1], [Number.NaN, 4]],
    ['MINLOC', [3n, 4], [2n, 1], [2n, 1]],
    ['REPLACE', 1, 2, 2],
    ['REPLACE', 1n, 2n, 2n],
    ['NO_OP', 1, 2, 1],
    ['NO_OP', 1n, 2n, 1n]
  ])('%s of %p and %p is %p', (name, a, b, expected) => {
    expect(() => checkOperand(ops[name], a)).not.toThrow()
    expect(ops[name].combine(a, b)).toStrictEqual(expected)
  })

  test('gives a pair of its own, that nobody else can change', () => {
    const [a, b]: [number, number][] = [
      [1, 0],
      [2, 1]
    ]
    const most = MAXLOC.combine(a, b)
    expect(most).toStrictEqual([2, 1])
    expect([a, b]).not.toContain(most)
  })

  test('can be handed to Array.prototype.reduce', () => {
    expect([3, 1, 2].reduce(MAX.combine)).toBe(3)
    expect([3, 1, 2].reduce(SUM.combine)).toBe(6)
  })

  test.each<[string, unknown, string]>([
    ['SUM', 'abc', "data: SUM works on numbers, bigints, typed arrays, got 'abc'; for anything else make an op with createOp"],
    ['SUM', true, 'got true'],
    ['SUM', null, 'got null'],
    ['SUM', undefined, 'got undefined'],
    ['SUM', { a: 1 }, 'got { a: 1 }'],
    ['SUM', [1, 2], 'got [ 1, 2 ]'],
    ['SUM', new Date(0), 'got 1970'],
    ['SUM', new DataView(new ArrayBuffer(8)), 'got DataView'],
    ['SUM', new ArrayBuffer(8), 'got ArrayBuffer'],
    ['REPLACE', 'abc', "got 'abc'"],
    ['NO_OP', {}, 'got {}'],
    ['LAND', 'abc', 'LAND works on numbers, bigints, booleans, typed arrays'],
    ['MAXLOC', 3, 'MAXLOC works on pairs [value, location], got 3'],
    ['MAXLOC', [3], 'got [ 3 ]'],
    ['MAXLOC', [3, 1, 2], 'got [ 3, 1, 2 ]'],
    ['MAXLOC', ['3', 1], "got [ '3', 1 ]"],
    ['MAXLOC', [3, 1n], 'got [ 3, 1n ]'],
    ['MINLOC', Float64Array.of(3, 1), 'got Float64Array(2)'],
    ['BAND', Float64Array.of(3), 'BAND works on the bits of integers, got a Float64Array'],
    ['BOR', Float32Array.of(3), 'got a Float32Array']
  ])('%s refuses %p', (name, data, message) => {
    const check = () => checkOperand(ops[name], data)
    expect(check).toThrow(DatatypeError)
    expect(check).toThrow(message)
    expect(() => ops[name].combine(data, data)).toThrow(DatatypeError)
  })

  test.each<[unknown, unknown]>([
    [1, 1n],
    [1, Float64Array.of(1)],
    [Float64Array.of(1), Float32Array.of(1)],
    [Float64Array.of(1), Float64Array.of(1, 2)]
  ])('combines no %p with %p', (a, b) => {
    expect(() => ops.SUM.combine(a, b)).toThrow(DatatypeError)
    expect(() => ops.SUM.combine(b, a)).toThrow(DatatypeError)
  })
})

describe('a predefined op on typed arrays', () => {
  test.each<[string, TypedArray, TypedArray, TypedArray]>([
    ['SUM', Float64Array.of(0.1, 1), Float64Array.of(0.2, 2), Float64Array.of(0.1 + 0.2, 3)],
    ['SUM', Float32Array.of(1, 2 ** 24), Float32Array.of(2, 1), Float32Array.of(3, 2 ** 24)],
    ['SUM', Int8Array.of(127, -128), Int8Array.of(1, -1), Int8Array.of(-128, 127)],
    ['SUM', Uint8Array.of(255), Uint8Array.of(2), Uint8Array.of(1)],
    ['SUM', Uint8ClampedArray.of(255), Uint8ClampedArray.of(2), Uint8ClampedArray.of(255)],
    ['SUM', Uint16Array.of(65535), Uint16Array.of(2), Uint16Array.of(1)],
    ['SUM', Int32Array.of(2 ** 31 - 1), Int32Array.of(1), Int32Array.of(-(2 ** 31))],
    ['SUM', Uint32Array.of(2 ** 32 - 1), Uint32Array.of(2), Uint32Array.of(1)],
    ['SUM', BigInt64Array.of(2n ** 63n - 1n), BigInt64Array.of(1n), BigInt64Array.of(-(2n ** 63n))],
    ['SUM', BigUint64Array.of(2n ** 64n - 1n), BigUint64Array.of(2n), BigUint64Array.of(1n)],
    ['PROD', Int32Array.of(2 ** 31 - 1), Int32Array.of(2 ** 31 - 1), Int32Array.of(1)],
    ['PROD', Uint32Array.of(2 ** 32 - 1), Uint32Array.of(2 ** 32 - 1), Uint32Array.of(1)],
    ['PROD', Uint8ClampedArray.of(20), Uint8ClampedArray.of(20), Uint8ClampedArray.of(255)],
    ['PROD', BigUint64Array.of(2n ** 64n - 1n), BigUint64Array.of(2n ** 64n - 1n), BigUint64Array.of(1n)],
    ['MAX', Float64Array.of(Number.NaN, 1, -0, 0), Float64Array.of(1, Number.NaN, 0, -0), Float64Array.of(Number.NaN, Number.NaN, 0, 0)],
    ['MIN', Float32Array.of(Number.NaN, 1, -0, 0), Float32Array.of(1, Number.NaN, 0, -0), Float32Array.of(Number.NaN, Number.NaN, -0, -0)],
    ['MAX', Int8Array.of(-1), Int8Array.of(1), Int8Array.of(1)],
    ['MAX', Uint8Array.of(255), Uint8Array.of(1), Uint8Array.of(255)],
    ['MIN', BigInt64Array.of(-1n), BigInt64Array.of(1n), BigInt64Array.of(-1n)],
    ['LAND', Float64Array.of(0.5, 0, NaN), Float64Array.of(2, 2, 2), Float64Array.of(1, 0, 0)],
    ['LOR', Uint8ClampedArray.of(0, 9), Uint8ClampedArray.of(0, 0), Uint8ClampedArray.of(0, 1)],
    ['LXOR', BigInt64Array.of(0n, 9n), BigInt64Array.of(5n, 5n), BigInt64Array.of(1n, 0n)],
    ['BAND', Uint32Array.of(2 ** 32 - 1), Uint32Array.of(2 ** 31 + 1), Uint32Array.of(2 ** 31 + 1)],
    ['BOR', Int16Array.of(-32768), Int16Array.of(1), Int16Array.of(-32767)],
    ['BXOR', Buffer.of(6), Buffer.of(3), Buffer.of(5)],
    ['REPLACE', Int8Array.of(1, 2), Int8Array.of(3, 4), Int8Array.of(3, 4)],
    ['NO_OP', Int8Array.of(1, 2), Int8Array.of(3, 4), Int8Array.of(1, 2)]
  ])('%s of %p and %p is %p', (name, a, b, expected) => {
    const op = ops[name]
    const result = op.combine(a, b) as TypedArray
    expect(result.constructor).toBe(expected.constructor)
    expect([a.buffer, b.buffer]).not.toContain(result.buffer)
    const [overA, overB] = [copyOf(a), copyOf(b)]
    foldArrays(op, overA, overA, b)
    foldArrays(op, overB, a, overB)
    // Of NaN there are many bit patterns.
    expect([result, overA, overB].map(elements)).toStrictEqual([expected, expected, expected].map(elements))
  })
})

describe('an op of the program', () => {
  const concat = createOp((a: string, b: string) => a + b)

  test('is what it was made of', () => {
    expect(concat.combine('a', 'b')).toBe('ab')
    expect(concat.commutative).toBe(false)
    expect(createOp(Math.max, { commutative: true }).commutative).toBe(true)
  })

  test('is called by the name it was given, or else its function', () => {
    expect(createOp(Math.max).name).toBe('max')
    expect(createOp(Math.max, { name: 'largest' }).name).toBe('largest')
    expect(createOp((a: number) => a).name).toBe('op')
  })

  test.each<[unknown[], string]>([
    [[undefined], 'combine: expected a function (a, b) => c, got undefined'],
    [[Math.max, true], 'options: expected an object such as { commutative: true }, got true'],
    [[Math.max, { commutative: 1 }], 'commutative: expected true or false, got 1'],
    [[Math.max, { name: 7 }], 'name: expected a string, got 7']
  ])('cannot be made of %p', (args, message) => {
    const make = () => Reflect.apply(createOp, undefined, args)
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })

  test('takes any data', () => {
    for (const data of ['a', undefined, {}, Float64Array.of(1)]) expect(() => checkOperand(concat, data)).not.toThrow()
  })
})

test.each([[Math.max], ['SUM'], [undefined], [null], [{ combine: Math.max }]])('%p is no op', (op) => {
  expect(() => checkOp(op)).toThrow(ArgumentError)
  expect(() => checkOp(op)).toThrow('op: expected SUM, another op of rxmpi or what createOp returns, got')
})

test.each([...Object.values(ops), createOp((a: string, b: string) => a + b)])('$name is an op', (op) => {
  expect(() => checkOp(op)).not.toThrow()
})

describe('an op of the program on typed arrays', () => {
  const shared = (...values: number[]): Float64Array => {
    const array = new Float64Array(new SharedArrayBuffer(values.length * 8))
    array.set(values)
    return array
  }
  const difference = createOp((a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]))

  test('combines two runs in the order of the ranks', () => {
    const into = new Float64Array(2)
    foldArrays(difference, into, Float64Array.of(1, 2), Float64Array.of(10, 20))
    expect(into).toStrictEqual(Float64Array.of(-9, -18))
  })

  test('may write its result into the second, which changes nothing else', () => {
    const op = createOp((a: Float64Array, b: Float64Array) => {
      for (let i = 0; i < b.length; i++) b[i] -= a[i]
      return b
    })
    const [a, b, into] = [shared(1, 2), Float64Array.of(10, 20), new Float64Array(2)]
    foldArrays(op, into, a, b)
    expect([...a, ...b, ...into]).toEqual([1, 2, 10, 20, 9, 18])
    foldArrays(op, b, a, b)
    expect([...a, ...b]).toEqual([1, 2, 9, 18])
  })

  test('may return the first', () => {
    const into = new Float64Array(2)
    foldArrays(
      createOp((a: Float64Array) => a),
      into,
      shared(1, 2),
      shared(3, 4)
    )
    expect([...into]).toEqual([1, 2])
  })

  test('is never given the memory of others, and runs of their own kind', () => {
    const given: TypedArray[] = []
    const op = createOp((a: TypedArray, b: TypedArray) => {
      given.push(a, b)
      return b
    })
    const memory = new Uint8Array(64)
    for (const make of [
      () => shared(1),
      () => Float64Array.of(1),
      () => new Float64Array(memory.buffer, 8, 2),
      () => Buffer.from('ab'),
      () => BigInt64Array.of(1n)
    ]) {
      const [into, a, b] = [make(), make(), make()]
      given.length = 0
      foldArrays(op, into, a, b)
      expect(given.map((run) => [run.constructor, run.length])).toEqual([a, b].map((run) => [run.constructor, run.length]))
      const buffers = [into, a, b].map(({ buffer }) => buffer)
      for (const { buffer } of given) {
        expect(Object.prototype.toString.call(buffer)).toBe('[object ArrayBuffer]')
        expect(buffers).not.toContain(buffer)
      }
    }
  })

  test('may fold within a fold', () => {
    const inner = createOp((a: Float64Array, b: Float64Array) => {
      for (let i = 0; i < b.length; i++) b[i] += a[i]
      return b
    })
    const outer = createOp((a: Float64Array, b: Float64Array) => {
      const twice = new Float64Array(b.length)
      foldArrays(inner, twice, b, b)
      return twice.map((value, i) => value + a[i])
    })
    const into = new Float64Array(2)
    foldArrays(outer, into, Float64Array.of(1, 2), Float64Array.of(10, 20))
    expect([...into]).toEqual([21, 42])
  })

  test('throws what its function throws, and can be used afterwards', () => {
    const into = new Float64Array(1)
    const failure = new Error('no')
    const failing = createOp((): Float64Array => {
      throw failure
    })
    expect(() => foldArrays(failing, into, Float64Array.of(1), Float64Array.of(2))).toThrow(failure)
    expect([...into]).toEqual([0])
    foldArrays(difference, into, Float64Array.of(1), Float64Array.of(2))
    expect([...into]).toEqual([-1])
  })

  test.each<[unknown, string]>([
    [undefined, 'returned undefined;'],
    [7, 'returned 7;'],
    [[1, 2], 'returned [ 1, 2 ];'],
    [Float64Array.of(1), 'returned a Float64Array of length 1;'],
    [Float32Array.of(1, 2), 'returned a Float32Array of length 2;']
  ])('must not return %p', (value, message) => {
    const op = createOp(() => value as Float64Array, { name: 'odd' })
    const into = Float64Array.of(5, 6)
    const fold = () => foldArrays(op, into, Float64Array.of(1, 2), Float64Array.of(3, 4))
    expect(fold).toThrow(DatatypeError)
    expect(fold).toThrow(message)
    expect(fold).toThrow("op: combine of 'odd'")
    expect(fold).toThrow('here a Float64Array of length 2')
    expect([...into]).toEqual([5, 6])
  })
})

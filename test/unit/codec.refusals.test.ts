import { from, Subject } from 'rxjs'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { DataCloneError } from '../../src/errors.js'

const refusal = (value: unknown): string => {
  try {
    encodeObject(value)
  } catch (error) {
    expect(error).toBeInstanceOf(DataCloneError)
    expect((error as Error).name).toBe('DataCloneError')
    return (error as Error).message
  }
  return 'sent'
}

function* generator() {
  yield 1
}

const detached = () => {
  const view = new Float64Array(2)
  structuredClone(view.buffer, { transfer: [view.buffer] })
  return view
}

const thenable = new (class Deferred {
  // biome-ignore lint/suspicious/noThenProperty: that is what is refused
  then() {}
})()

describe.each<[string, unknown, RegExp]>([
  ['a function', () => 1, /a function cannot be sent; send data/],
  ['a class', class {}, /a function cannot be sent/],
  ['a symbol', Symbol('s'), /a symbol cannot be sent; send a string/],
  ['a promise', Promise.resolve(1), /a promise cannot be sent; await it/],
  ['a thenable', thenable, /a promise cannot be sent/],
  ['an observable', from([1]), /an observable cannot be sent; subscribe to it/],
  ['a subject', new Subject(), /an observable cannot be sent/],
  ['a WeakMap', new WeakMap(), /a WeakMap cannot be sent; send a Map/],
  ['a WeakSet', new WeakSet(), /a WeakSet cannot be sent; send a Set/],
  ['a WeakRef', new WeakRef({}), /a WeakRef cannot be sent/],
  ['a boxed number', Object(1), /a boxed primitive cannot be sent/],
  ['a boxed string', Object('a'), /a boxed primitive cannot be sent/],
  ['a boxed boolean', Object(false), /a boxed primitive cannot be sent/],
  ['a boxed bigint', Object(1n), /a boxed primitive cannot be sent/],
  ['a boxed symbol', Object(Symbol()), /a boxed primitive cannot be sent/],
  ['a generator', generator(), /an iterator cannot be sent; send an array/],
  ['an iterator', [1].values(), /an iterator cannot be sent/],
  ['the entries of a Map', new Map().entries(), /an iterator cannot be sent/],
  ['a proxy of a Map', new Proxy(new Map(), {}), /a proxy of a Map cannot be sent/],
  ['a detached buffer', detached().buffer, /a detached buffer cannot be sent/],
  ['a view of a detached buffer', detached(), /a detached buffer cannot be sent/]
])('%s', (_, value, message) => {
  test.each<[string, unknown, string]>([
    ['alone', value, 'data'],
    ['in an object', { a: 1, callback: value }, 'data.callback'],
    ['in an array', [1, value], 'data[1]'],
    ['deep inside', { items: [0, 1, 2, { 'the callback': [value] }] }, 'data.items[3]["the callback"][0]'],
    [
      'in a Map',
      new Map<unknown, unknown>([
        [1, 2],
        ['k', { f: value }]
      ]),
      'data.get("k").f'
    ],
    ['as the value of a Map under an object', new Map([[{}, value]]), 'data (value of entry 0 of the Map)'],
    ['as the key of a Map', { m: new Map([[value, 1]]) }, 'data.m (key of entry 0 of the Map)'],
    ['in a Set', [new Set([1, value])], 'data[0] (member 1 of the Set)'],
    ['in an error', new Error('x', { cause: { value } }), 'data.cause.value'],
    ['beside a key that needs care', JSON.parse('{"__proto__": 1, "a": 2}', (key, held) => (key === 'a' ? value : held)), 'data.a'],
    ['in a sparse array', Object.assign([], { 1000000: value }), 'data[1000000]']
  ])('%s is refused, naming the path', (__, data, path) => {
    const text = refusal(data)
    expect(text).toMatch(message)
    expect(text.slice(0, text.indexOf(': '))).toBe(path)
  })
})

test('the path of something very deep is shortened', () => {
  let chain: unknown = () => 1
  for (let i = 0; i < 100_000; i++) chain = { n: chain }
  const text = refusal(chain)
  expect(text).toMatch(/^data…\.n/)
  expect(text.length).toBeLessThan(200)
})

test('a polyfilled Symbol.observable counts too', () => {
  const symbol = Symbol('observable')
  Object.defineProperty(Symbol, 'observable', { value: symbol, configurable: true })
  try {
    expect(refusal({ [symbol]: () => undefined })).toMatch(/an observable cannot be sent/)
    expect(refusal([{ [symbol]: () => undefined }])).toMatch(/^data\[0\]: an observable/)
    expect(refusal({ a: 1 })).toBe('sent')
  } finally {
    Reflect.deleteProperty(Symbol, 'observable')
  }
})

test('what follows a refusal is sent as ever', () => {
  for (const value of [{ a: () => 1 }, [Symbol()], new Map([[1, Promise.resolve()]])]) {
    refusal(value)
    expect(decodeObject(Uint8Array.from(encodeObject({ a: [1, 'b'] })))).toEqual({ a: [1, 'b'] })
  }
})

import { createSecretKey } from 'node:crypto'
import { MessageChannel } from 'node:worker_threads'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { DataCloneError } from '../../src/errors.js'

const travel = (value: unknown): unknown => decodeObject(encodeObject(value).slice())

const refusal = (value: unknown): string => {
  try {
    encodeObject(value)
  } catch (error) {
    expect(error).toBeInstanceOf(DataCloneError)
    return (error as Error).message
  }
  return 'sent'
}

const { port1, port2 } = new MessageChannel()
afterAll(() => {
  port1.close()
  port2.close()
})

test.each<[string, object, RegExp]>([
  ['Headers', new Headers({ a: 'b' }), /a Headers cannot be sent; .* send an array of its entries/],
  ['URLSearchParams', new URLSearchParams('a=b'), /a URLSearchParams cannot be sent; .* send an array of its entries/],
  ['FormData', new FormData(), /a FormData cannot be sent; .* send an array of its entries/],
  ['Blob', new Blob(['a']), /a Blob cannot be sent; .* send what its arrayBuffer\(\) resolves to/],
  ['Request', new Request('http://a/'), /a Request cannot be sent; .* arrayBuffer/],
  ['Response', new Response('a'), /a Response cannot be sent/],
  ['ReadableStream', new ReadableStream(), /a ReadableStream cannot be sent/],
  ['AbortSignal', new AbortController().signal, /an AbortSignal cannot be sent/],
  ['EventTarget', new EventTarget(), /an EventTarget cannot be sent; .* send plain data that says/],
  ['TextDecoder', new TextDecoder(), /a TextDecoder cannot be sent/],
  ['MessagePort', port1, /a MessagePort .*cannot be sent/],
  ['KeyObject', createSecretKey(Buffer.from('a')), /KeyObject.* cannot be sent/],
  ['Intl.NumberFormat', new Intl.NumberFormat(), /a NumberFormat cannot be sent/],
  ['Intl.Collator', new Intl.Collator(), /a Collator cannot be sent/],
  ['WebAssembly.Memory', new (Reflect.get(globalThis, 'WebAssembly').Memory)({ initial: 1 }), /a Memory cannot be sent/],
  ['FinalizationRegistry', new FinalizationRegistry(() => undefined), /a FinalizationRegistry cannot be sent/],
  ['performance', performance, /a Performance .*cannot be sent.*toJSON/],
  ['a class that extends one', new (class Bus extends EventTarget {})(), /a Bus \(a class that extends EventTarget\) cannot be sent/],
  ['a proxy of a URL', new Proxy(new URL('http://a/'), {}), /a proxy of a URL cannot be sent/]
])('%s is refused, with where it is', (_, value, message) => {
  expect(refusal(value)).toMatch(message)
  expect(refusal({ a: [1, value] })).toMatch(/^data\.a\[1\]: /)
})

test('a URL arrives as an equal one', () => {
  const url = new URL('https://user:pass@example.org:8080/a%20b?q=1#ü')
  class Address extends URL {}
  expect((travel(url) as URL).href).toBe(url.href)
  expect(travel(url)).toBeInstanceOf(URL)
  const [one, other, third] = travel([url, url, new Address('http://a/')]) as URL[]
  expect(one).toBe(other)
  expect(third!.href).toBe('http://a/')
})

test("instances of the program's classes arrive as plain objects of their own fields, be there any or none", () => {
  class Empty {}
  class Hidden {
    readonly #x = 1
    get x() {
      return this.#x
    }
  }
  class Headers extends Empty {
    a = 1
  }
  function Old(this: { b: number }) {
    this.b = 2
  }
  const old = Reflect.construct(Old, [])
  expect(travel([new Empty(), new Hidden(), new Headers(), old, Object.create({ a: 1 })])).toEqual([{}, {}, { a: 1 }, { b: 2 }, {}])
})

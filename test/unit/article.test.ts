import { withArticle } from '../../src/codec/article.js'
import { DatatypeError } from '../../src/errors.js'
import { simulate } from '../../testing/index.js'

test('a noun has the article that it is spoken with', () => {
  expect(['Float64Array', 'Int32Array', 'Uint8Array', 'ArrayBuffer', 'intercommunicator', 'window'].map(withArticle)).toEqual([
    'a Float64Array',
    'an Int32Array',
    'a Uint8Array',
    'an ArrayBuffer',
    'an intercommunicator',
    'a window'
  ])
})

test('no error says "a Int32Array"', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    const received = one!.irecv({ into: new Int32Array(3) })
    zero!.isend(Float64Array.of(1, 2, 3), { dest: 1 })
    flush()
    expect(messageOf(received)).toMatch(/^into: an Int32Array cannot receive a Float64Array from rank 0/)
  })
  simulate(1, {}, ({ comms: [alone] }) => {
    expect(messageOf(alone!.igather(Float64Array.of(1), { into: new Int16Array(1) }))).toMatch(/^into: an Int16Array cannot hold /)
  })
})

function messageOf(request: { subscribe(observer: object): unknown }): string | undefined {
  let message: string | undefined
  request.subscribe({
    error: (error: Error) => {
      expect(error).toBeInstanceOf(DatatypeError)
      message = error.message
    }
  })
  return message
}

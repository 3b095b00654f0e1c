import { map, throwError } from 'rxjs'
import { receiveFrom, sendTo } from '../../operators/index.js'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { sendableError } from '../../src/codec/sendable-error.js'
import { RankError, RemoteError } from '../../src/errors.js'
import { createOp } from '../../src/op/op.js'
import { simulate } from '../../testing/index.js'
import { outcomesOf } from '../model/outcomes.js'

const travel = (thrown: unknown): unknown => decodeObject(encodeObject(sendableError(thrown)).slice())

const inCircles = (): Error => {
  const error = new TypeError('one')
  error.cause = new RangeError('two', { cause: error })
  return error
}

test('class, name, message and stack arrive, other fields stay', () => {
  const error = Object.assign(new RankError('no rank'), { held: () => 1, comm: new Headers() })
  const got = travel(error) as Error
  expect(got).toBeInstanceOf(Error)
  expect([got.name, got.message, got.stack]).toEqual(['RankError', 'no rank', error.stack])
  expect(Object.keys(got)).toEqual([])
  expect(travel(new SyntaxError('x'))).toBeInstanceOf(SyntaxError)
})

test('a cycle of causes stays one', () => {
  const got = travel(inCircles()) as Error
  const cause = got.cause as Error
  expect([got.message, cause.message]).toEqual(['one', 'two'])
  expect(got).toBeInstanceOf(TypeError)
  expect(cause.cause).toBe(got)
})

test('the errors of an AggregateError arrive, with those that it is among', () => {
  const error = new AggregateError([new TypeError('one'), 'two', Symbol('s')], 'all')
  error.errors.push(error)
  const got = travel(error) as AggregateError
  expect(got).toBeInstanceOf(AggregateError)
  expect(got.errors[0]).toBeInstanceOf(TypeError)
  expect(got.errors.slice(1, 3)).toEqual(['two', 'Symbol(s)'])
  expect(got.errors[3]).toBe(got)
})

test('a long chain of causes, or one without an end, is cut', () => {
  let chain = new Error('last')
  for (let k = 0; k < 100_000; k++) chain = new Error(`${k}`, { cause: chain })
  expect((travel(chain) as Error).message).toBe('99999')
  class Endless extends Error {
    override get cause() {
      return new Endless('more')
    }
  }
  expect((travel(new Endless('first')) as Error).message).toBe('first')
})

test.each<[string, unknown, unknown]>([
  ['a text', 'text', 'text'],
  ['nothing', undefined, undefined],
  ['an object', { code: 1 }, { code: 1 }],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['what has no text', Object.assign(Object.create(null), { f: () => 1 }), 'a value that cannot be shown']
])('%s that is thrown arrives', (_, thrown, arrives) => expect(travel(thrown)).toEqual(arrives))

test('an error whose getters throw arrives without them', () => {
  const error = new Error('x')
  for (const field of ['stack', 'cause', 'name']) {
    Object.defineProperty(error, field, {
      get() {
        throw new Error('getter')
      }
    })
  }
  expect(travel(error)).toMatchObject({ message: 'x' })
})

test.each<[string, () => unknown, RegExp]>([
  ['an error in circles', inCircles, /TypeError: one/],
  ['an AggregateError', () => new AggregateError([inCircles()], 'all'), /AggregateError: all/],
  ['a text', () => 'text', /: text( \(|$)/]
])('%s crosses ranks in a collective and in a stream alike', (_, make, text) => {
  const thrown = make()
  const op = createOp(() => {
    throw thrown
  })
  const [, error] = outcomesOf(2, (comm) => comm.ireduce('a', op as never, { root: 1 }), {}) as [unknown, RemoteError]
  const causes: RemoteError[] = [error]
  simulate(2, { latency: 1 }, ({ comms: [one, other] }) => {
    throwError(() => thrown)
      .pipe(map(String), sendTo(one!, { dest: 1 }))
      .subscribe({ error: () => undefined })
    receiveFrom(other!, { source: 0 }).subscribe({ error: (failure) => causes.push(failure) })
  })
  expect(causes).toHaveLength(2)
  for (const failure of causes) {
    expect(failure).toBeInstanceOf(RemoteError)
    expect(failure.message).toMatch(text)
  }
  const [a, b] = causes.map(({ cause }) => cause as Error)
  expect(a).toEqual(b)
  if (thrown instanceof TypeError) expect(((a as Error).cause as Error).cause).toBe(a)
})

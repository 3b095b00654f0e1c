import { defer, EMPTY, type Observable, of } from 'rxjs'
import { sendTo } from '../../operators/index.js'
import { encodeObject } from '../../src/codec/object.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ArgumentError, DataCloneError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { outcomesOf } from '../model/outcomes.js'

interface Resizable extends ArrayBuffer {
  resize(length: number): void
}
const resizable = (): Resizable =>
  new (ArrayBuffer as unknown as new (length: number, options: object) => Resizable)(32, { maxByteLength: 64 })

const shrunk = <T>(make: (buffer: ArrayBuffer) => T): T => {
  const buffer = resizable()
  const view = make(buffer)
  buffer.resize(4)
  return view
}
const detached = <T extends { buffer: ArrayBufferLike } | ArrayBuffer>(value: T): T => {
  const buffer = value instanceof ArrayBuffer ? value : (value as { buffer: ArrayBuffer }).buffer
  structuredClone(buffer, { transfer: [buffer] })
  return value
}

const lost: [string, () => Float64Array, RegExp][] = [
  ['a view of fixed length', () => shrunk((buffer) => new Float64Array(buffer, 8, 2)), /out of bounds/],
  ['a view that follows its buffer', () => shrunk((buffer) => new Float64Array(buffer, 8)), /out of bounds/],
  ['a DataView of fixed length', () => shrunk((buffer) => new DataView(buffer, 8, 16)) as never, /out of bounds/],
  ['a DataView that follows its buffer', () => shrunk((buffer) => new DataView(buffer, 8)) as never, /out of bounds/],
  ['a Buffer', () => shrunk((buffer) => Buffer.from(buffer, 8, 8)) as never, /out of bounds/],
  ['a view of a detached buffer', () => detached(new Float64Array(2)), /detached/],
  ['a DataView of a detached buffer', () => detached(new DataView(new ArrayBuffer(8))) as never, /detached/],
  ['a detached buffer', () => detached(new ArrayBuffer(8)) as never, /detached/]
]

const nextOf = (comm: Communicator, value: unknown): Observable<never> =>
  defer(() => {
    const channel = comm.channel({ peer: 0 })
    try {
      channel.next(value)
    } finally {
      channel.complete()
    }
    return EMPTY
  })

describe.each(lost)('%s', (name, make, why) => {
  test.each<[string, string, (comm: Communicator) => unknown]>([
    ['send', 'data', (comm) => comm.isend(make(), { dest: 0 })],
    ['irecv', 'into', (comm) => comm.irecv({ into: make() })],
    ['bcast', 'data', (comm) => comm.ibcast(make())],
    ['bcast into', 'into', (comm) => comm.ibcast(new Float64Array(2), { into: make() })],
    ['gather', 'data', (comm) => comm.igather(make())],
    ['scatter', 'data', (comm) => comm.iscatter(make())],
    ['alltoall', 'data', (comm) => comm.ialltoall(make())],
    ['sendTo', 'data', (comm) => of(make()).pipe(sendTo(comm, { dest: 0 }))],
    ['channel', 'data', (comm) => nextOf(comm, make())],
    ...(/DataView|^a detached/.test(name)
      ? []
      : [['allreduce', 'data', (comm: Communicator) => comm.iallreduce(make(), SUM)] as [string, string, (comm: Communicator) => unknown]])
  ])('%s refuses it', (_, argument, call) => {
    const [error] = outcomesOf(1, (comm) => call(comm) as never, { leaks: 'ignore' }) as [Error]
    expect(error).toBeInstanceOf(ArgumentError)
    expect(error.message).toMatch(why)
    expect(error.message.startsWith(`${argument}: `)).toBe(true)
  })

  test('within an object it is refused, with where it is', () => {
    expect(() => encodeObject({ a: [make()] })).toThrow(DataCloneError)
    expect(() => encodeObject({ a: [make()] })).toThrow(why)
    expect(() => encodeObject({ a: [make()] })).toThrow(/^data\.a\[0\]: /)
  })
})

test('what is only empty, or has grown, is well', () => {
  const buffer = resizable()
  const views = [
    new Uint8Array(buffer, 32),
    new DataView(buffer, 32),
    new Uint8Array(0),
    new ArrayBuffer(0),
    new DataView(new ArrayBuffer(0))
  ]
  expect(() => encodeObject(views)).not.toThrow()
  buffer.resize(64)
  expect(() => encodeObject(views)).not.toThrow()
  for (const view of views) expect(outcomesOf(1, (comm) => comm.ibcast(view), {})).toEqual([view])
})

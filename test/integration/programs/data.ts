/** Everything that can be sent, sent from each rank to the next, and to itself. On 3 ranks. */
import assert from 'node:assert/strict'
import { type BufferLike, COMM_SELF, COMM_WORLD as comm, Request, Status } from 'rxmpi'
import { check, report } from './checks.js'

const next = (comm.rank + 1) % comm.size
const previous = (comm.rank + comm.size - 1) % comm.size

/** What of these values arrives here from a rank that sends the same. */
async function there<T>(values: readonly T[]): Promise<unknown[]> {
  const arrived: unknown[] = []
  for (const value of values) {
    const sent = comm.isend(value, { dest: next })
    arrived.push(await comm.recv({ source: previous }))
    await sent.wait()
    const request = COMM_SELF.irecv()
    await COMM_SELF.send(value, { dest: 0 })
    const own = await request.wait()
    assert.deepEqual(own, arrived.at(-1), 'from oneself the same as from others')
    if (typeof value === 'object' && value !== null) assert.notEqual(own, value)
  }
  return arrived
}

const bytes = (data: BufferLike): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)

const pattern = Uint8Array.from({ length: 1_000_000 }, (_, k) => (k * 7 + 1) % 251)

/** A buffer of each kind, each byte another, so that bytes out of place show. */
function buffers(length: number): [BufferLike, number][] {
  const memory = (): ArrayBuffer => pattern.slice(0, length).buffer
  const kinds = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    ...('Float16Array' in globalThis ? [(globalThis as unknown as { Float16Array: typeof Uint16Array }).Float16Array] : [])
  ]
  return [
    ...kinds.map((kind): [BufferLike, number] => [new kind(memory()), length / kind.BYTES_PER_ELEMENT]),
    [new DataView(memory()), length],
    [memory(), length],
    [Buffer.from(memory()), length]
  ]
}

await check('buffers of every kind and size arrive as the same kind, on a buffer of their own, counted in elements', async () => {
  // None, within a segment, the longest that goes at once and the next, many segments.
  for (const length of [0, 8, 16_384, 65_536, 65_544, 1_000_000]) {
    for (const [data, count] of buffers(length)) {
      const status = new Status()
      const sent = comm.isend(data, { dest: next, tag: 5 })
      const got = await comm.recv<BufferLike>({ source: previous, status })
      const what = `${data.constructor.name} of ${length} bytes`
      assert.equal(got.constructor, data.constructor, what)
      assert.ok(Buffer.from(bytes(got)).equals(bytes(data)), what)
      assert.equal((ArrayBuffer.isView(got) ? got.buffer : got).byteLength, length, what)
      assert.deepEqual({ ...status }, { source: previous, tag: 5, count, bytes: length, cancelled: false }, what)
      await sent.wait()
    }
  }
})

await check('they arrive in place, in the front of a larger buffer', async () => {
  for (const length of [0, 8, 65_544]) {
    for (const [data, count] of buffers(length)) {
      const space = new ArrayBuffer(length + 24)
      bytes(space).fill(0xcc)
      const type = data.constructor as { new (buffer: ArrayBuffer): BufferLike; from?: (buffer: ArrayBuffer) => BufferLike }
      const into = data instanceof ArrayBuffer ? space : Buffer.isBuffer(data) ? Buffer.from(space) : new type(space)
      const request = comm.irecv({ source: previous, into })
      const sent = comm.isend(data, { dest: next })
      assert.equal(await request.wait(), into)
      assert.equal(request.status!.count, count)
      assert.ok(Buffer.from(bytes(into).subarray(0, length)).equals(bytes(data)))
      assert.ok(
        bytes(into)
          .subarray(length)
          .every((byte) => byte === 0xcc)
      )
      await sent.wait()
    }
  }
})

await check('whatever holds bytes takes what holds bytes', async () => {
  const memory = Uint8Array.of(1, 2, 3).buffer
  const holders = [() => new Uint8Array(3), () => Buffer.alloc(3), () => new DataView(new ArrayBuffer(3)), () => new ArrayBuffer(3)]
  for (const data of [new Uint8Array(memory), Buffer.from(memory), new DataView(memory), memory]) {
    for (const holder of holders) {
      const sent = comm.isend(data, { dest: next })
      assert.deepEqual([...bytes(await comm.recv({ source: previous, into: holder() }))], [1, 2, 3])
      await sent.wait()
    }
  }
})

await check('a view sends and receives its own bytes only', async () => {
  const whole = Float64Array.from({ length: 10 }, (_, k) => k)
  const into = new Float64Array(10).fill(-1)
  const sent = comm.isend(whole.subarray(3, 6), { dest: next })
  await comm.recv({ source: previous, into: into.subarray(5, 9) })
  assert.deepEqual([...into], [-1, -1, -1, -1, -1, 3, 4, 5, -1, -1])
  await sent.wait()
  const [odd] = (await there([new DataView(whole.buffer, 9, 5)])) as [DataView]
  assert.deepEqual([odd.byteOffset, odd.byteLength, odd.buffer.byteLength], [0, 5, 5])
})

await check('views on shared memory are copied', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(8)).fill(7)
  const [got] = (await there([shared])) as [Int32Array]
  assert.deepEqual([...got], [7, 7])
  assert.ok(got.buffer instanceof ArrayBuffer)
  const into = new Int32Array(new SharedArrayBuffer(8))
  const sent = comm.isend(shared, { dest: next })
  assert.equal(await comm.recv({ source: previous, into }), into)
  assert.deepEqual([...into], [7, 7])
  await sent.wait()
})

await check('subclasses of buffers arrive as their kind', async () => {
  class Samples extends Float64Array {}
  const [got] = await there([new Samples([1, 2])])
  assert.equal((got as object).constructor, Float64Array)
  assert.deepEqual(got, Float64Array.of(1, 2))
})

await check('primitives arrive as they are', async () => {
  const values = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1.5,
    -17,
    2 ** 53,
    2 ** 31,
    1e300,
    5e-324,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0n,
    -1n,
    2n ** 63n,
    2n ** 64n,
    -(2n ** 200n),
    '',
    'text',
    'äöü € 𝄞',
    'x'.repeat(300_000),
    'é'.repeat(100_000)
  ]
  const arrived = await there(values)
  for (const [k, value] of values.entries()) assert.ok(Object.is(arrived[k], value), `${String(value).slice(0, 40)}`)
  assert.equal((await there(['\ud800a']))[0], '\ufffda')
})

await check('containers arrive as equal values', async () => {
  const values = [
    {},
    [],
    { a: 7, b: 3.14 },
    [1, 'two', [3, [4]], { five: 5n }],
    { nested: { deeply: { undefined: undefined, null: null, minus: -0, nan: Number.NaN } } },
    new Map<unknown, unknown>([
      ['a', 1],
      [{ key: 1 }, new Map([[1, 2]])]
    ]),
    new Set<unknown>([1, 'a', new Set([2])]),
    new Date(0),
    /a+\/b/giu,
    { array: Float32Array.of(1, 2), view: new DataView(new ArrayBuffer(3)), buffer: new ArrayBuffer(2), bytes: Buffer.from('abc') },
    Array.from({ length: 20_000 }, (_, k) => ({ id: k, name: `item ${k}` }))
  ]
  const arrived = await there(values)
  for (const [k, value] of values.entries()) assert.deepEqual(arrived[k], value)
  assert.ok(Buffer.isBuffer((arrived[9] as { bytes: Buffer }).bytes))
  // Two of these are never equal to assert.
  await COMM_SELF.send(new Date(Number.NaN), { dest: 0 })
  const never = await COMM_SELF.recv<Date>()
  assert.ok(never instanceof Date && Number.isNaN(never.getTime()))
  // biome-ignore lint/suspicious/noSparseArray: that is what is sent
  assert.deepEqual((await there([[1, , 3]]))[0], [1, undefined, 3])
})

await check('errors keep their class, message, stack, cause and fields', async () => {
  const error = Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: 'E_CODE', list: [1] })
  const [got] = (await there([error])) as [TypeError & { code: string }]
  assert.ok(got instanceof TypeError)
  assert.ok(got.cause instanceof RangeError)
  // Each rank made its own, at the same place of the same program.
  assert.deepEqual([got.message, got.stack, got.code, got.cause.message], ['outer', error.stack, 'E_CODE', 'inner'])
})

await check('cycles and shared references keep their identity within a message', async () => {
  const cycle: { self?: unknown; list: unknown[] } = { list: [] }
  cycle.self = cycle
  cycle.list.push(cycle, cycle.list)
  const [got] = (await there([cycle])) as [typeof cycle]
  assert.equal(got.self, got)
  assert.equal(got.list[0], got)
  assert.equal(got.list[1], got.list)
  const shared = { a: 1 }
  const [pair] = (await there([[shared, shared, new Map([[shared, shared]])]])) as [[unknown, unknown, Map<unknown, unknown>]]
  assert.equal(pair[0], pair[1])
  assert.equal(pair[2].get(pair[0]), pair[0])
  const samples = Float64Array.of(1, 2)
  const [twice] = (await there([[samples, samples]])) as [Float64Array[]]
  assert.equal(twice[0], twice[1])
})

await check('class instances become plain objects, getters are read', async () => {
  class Station {
    readonly name = 'Zugspitze'
    #secret = 1
    get height(): number {
      return 2962 + this.#secret
    }
  }
  const lazy = {
    get now(): string {
      return 'read'
    }
  }
  const [station, read] = await there<unknown>([new Station(), lazy])
  assert.deepEqual(station, { name: 'Zugspitze' })
  assert.equal(Object.getPrototypeOf(station), Object.prototype)
  assert.deepEqual(Object.getOwnPropertyDescriptor(read, 'now')?.value, 'read')
})

await check('a __proto__ key changes no prototype', async () => {
  const evil = JSON.parse('{"__proto__": {"admin": true}, "list": [{"__proto__": {"admin": true}}], "constructor": {"prototype": 1}}')
  const [got] = (await there([evil])) as [Record<string, unknown>]
  assert.equal(Object.getPrototypeOf(got), Object.prototype)
  assert.equal((got as { admin?: boolean }).admin, undefined)
  assert.deepEqual(Object.getOwnPropertyDescriptor(got, '__proto__')?.value, { admin: true })
  assert.equal(({} as { admin?: boolean }).admin, undefined)
  assert.deepEqual(got.constructor, { prototype: 1 })
})

await check('what is received shares nothing with what was sent, and the sender may go on with it', async () => {
  const data = { list: [1, 2], samples: Float64Array.of(1, 2) }
  await COMM_SELF.send(data, { dest: 0 })
  data.list.push(3)
  data.samples[0] = 99
  assert.deepEqual(await COMM_SELF.recv(), { list: [1, 2], samples: Float64Array.of(1, 2) })
  const large = new Float64Array(1_000_000).fill(comm.rank)
  const sent = comm.isend(large, { dest: next })
  const got = comm.irecv<Float64Array>({ source: previous })
  await sent.wait()
  large.fill(-1)
  assert.ok((await got.wait()).every((value) => value === previous))
})

await check('what is transferred arrives while the program does nothing but test', async () => {
  for (let round = 0; round < 3; round++) {
    const sent = comm.isend(new Uint8Array(1_000_000).fill(comm.rank + 1), { dest: next, transfer: true })
    const got = comm.irecv<Uint8Array>({ source: previous })
    const start = performance.now()
    while (!Request.testAll([sent, got])) assert.ok(performance.now() - start < 20_000)
    assert.ok(got.value!.every((byte) => byte === previous + 1))
  }
})

await check('transfer takes the whole buffer away at the call and delivers it', async () => {
  for (const length of [16, 65_536, 65_544, 1_000_000]) {
    for (const [data, count] of buffers(length)) {
      const expected = Buffer.from(bytes(data))
      const buffer = ArrayBuffer.isView(data) ? data.buffer : data
      const sent = comm.isend(data, { dest: next, transfer: true })
      assert.equal(buffer.byteLength, 0, 'detached at the call')
      const status = new Status()
      const got = await comm.recv<BufferLike>({ source: previous, status })
      assert.equal(got.constructor, data.constructor)
      assert.ok(expected.equals(bytes(got)))
      assert.equal(status.count, count)
      await sent.wait()
    }
  }
  const part = new Float64Array(100_000).fill(comm.rank).subarray(10, 20)
  const sent = comm.isend(part, { dest: next, transfer: true })
  assert.equal(part.buffer.byteLength, 0)
  assert.deepEqual([...(await comm.recv<Float64Array>({ source: previous }))], new Array(10).fill(previous))
  await sent.wait()
})

await check('what was transferred arrives in place, too, and from oneself', async () => {
  for (const length of [16, 1_000_000]) {
    const into = new Uint8Array(length)
    const sent = comm.isend(new Uint8Array(length).fill(comm.rank + 1), { dest: next, transfer: true })
    assert.equal(await comm.recv({ source: previous, into }), into)
    assert.ok(into.every((byte) => byte === previous + 1))
    await sent.wait()
    const request = COMM_SELF.irecv<Uint8Array>()
    await COMM_SELF.send(new Uint8Array(length).fill(9), { dest: 0, transfer: true })
    assert.ok((await request.wait()).every((byte) => byte === 9))
  }
})

report()

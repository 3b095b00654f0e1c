/**
 * Wrong arguments: for each the class of the error, its code, what it says and where; and that nothing was sent or received. On 2 ranks.
 */
import assert from 'node:assert/strict'
import {
  ANY_SOURCE,
  ANY_TAG,
  COMM_SELF,
  type Communicator,
  COMM_WORLD as comm,
  type From,
  PROC_NULL,
  Request,
  type RxmpiError,
  Status,
  TAG_UB,
  type To
} from 'rxmpi'
import { check, failureOf, meet, report, turn } from './checks.js'

interface Bad {
  name: string
  code: string
  /** The argument that the message begins with, and how it shows the value. */
  says: string
}

const rank = (value: unknown, name: string, shown = String(value)): Bad & { options: object } => ({
  options: { dest: 1, [name]: value },
  name: 'RankError',
  code: 'ERR_RANK',
  says: `${name}: ${shown} `
})
const tag = (value: unknown, name = 'tag', shown = String(value)): Bad & { options: object } => ({
  options: { dest: 1, [name]: value },
  name: 'TagError',
  code: 'ERR_TAG',
  says: `${name}: ${shown} `
})
const argument = (name: string, value: unknown, says: string): Bad & { options: object } => ({
  options: { dest: 1, [name]: value },
  name: 'ArgumentError',
  code: 'ERR_ARGUMENT',
  says
})
const noOptions = (options: unknown): Bad & { options: unknown } => ({
  options,
  name: 'ArgumentError',
  code: 'ERR_ARGUMENT',
  says: `options: expected an object such as`
})

const badRanks = (name: string) => [
  rank(2, name),
  rank(-4, name),
  rank(1.5, name),
  rank(Number.NaN, name),
  rank(Number.POSITIVE_INFINITY, name),
  rank('1', name, "'1'"),
  rank(null, name),
  rank(1n, name, '1n'),
  rank({}, name, '{}'),
  rank(Object.create(null), name, '[Object: null prototype] {}'),
  rank(Symbol('one'), name, 'Symbol(one)')
]
const badTags = (name: string) => [
  tag(-4, name),
  tag(1.5, name),
  tag(Number.NaN, name),
  tag(TAG_UB + 1, name),
  tag('7', name, "'7'"),
  tag(null, name),
  tag(true, name)
]
const badSignals = [argument('signal', 7, 'signal: '), argument('signal', {}, 'signal: ')]

const sends = [
  ...badRanks('dest'),
  rank(undefined, 'dest'),
  rank(ANY_SOURCE, 'dest'),
  ...badTags('tag'),
  tag(ANY_TAG),
  ...badSignals,
  noOptions(undefined),
  noOptions(null),
  noOptions(1)
]
/** Receives have no `dest`. */
const received = <B extends Bad & { options: unknown }>(bad: B): B => {
  if (typeof bad.options !== 'object' || bad.options === null) return bad
  const { dest, ...options } = bad.options as Record<string, unknown>
  return { ...bad, options }
}

const receives = [
  ...badRanks('source'),
  rank(ANY_TAG, 'source'),
  ...badTags('tag'),
  tag(PROC_NULL),
  argument('status', {}, 'status: '),
  ...badSignals,
  noOptions(1),
  noOptions(null),
  noOptions('source')
].map(received)
const targets = [argument('into', [1, 2], 'into: '), argument('into', 'buffer', 'into: '), argument('into', detached(), 'into: ')]
const buffers = targets.map(received)
const exchanges = [
  ...badRanks('dest'),
  ...badRanks('source'),
  ...badTags('sendTag'),
  ...badTags('recvTag'),
  tag(ANY_TAG, 'sendTag'),
  ...targets,
  ...badSignals,
  noOptions(undefined)
]

function detached(): Float64Array {
  const array = new Float64Array(8)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

function isRight(error: RxmpiError, bad: Bad, line: string, who: Communicator = comm): void {
  const shown = `${bad.says}… in ${error.message}`
  assert.equal(error.name, bad.name, `${shown}\n${error.stack}`)
  assert.equal(error.code, bad.code, shown)
  assert.ok(error.message.startsWith(bad.says), shown)
  assert.match(error.message, /expected|give|cannot|only|received already/, shown)
  assert.equal(error.rank, who.rank, shown)
  assert.equal(error.communicator, who.name, shown)
  assert.ok(error.callSite?.startsWith(`test/integration/programs/arguments.ts:${line}:`), `${line}: ${error.callSite} of ${error.stack}`)
  assert.ok(error.stack!.includes(`arguments.ts:${line}:`), error.stack)
}

/** The next line. */
function next(): string {
  const [, line] = /:(\d+):\d+\)?$/.exec(new Error().stack!.split('\n')[2]!)!
  return String(Number(line) + 1)
}

async function all(): Promise<void> {
  for (const bad of sends) {
    const to = bad.options as To
    let line = next()
    isRight(await failureOf(comm.send(1, to)), bad, line)
    line = next()
    isRight(await failureOf(comm.ssend(1, to)), bad, line)
    line = next()
    isRight(await failureOf(comm.isend(1, to).wait()), bad, line)
    line = next()
    const request = comm.issend(1, to)
    assert.equal(request.test(), true)
    assert.equal(request.value, undefined)
    isRight(await failureOf(request.wait()), bad, line)
    isRight(await failureOf(new Promise((_, reject) => request.subscribe({ error: reject }))), bad, line)
    isRight(await failureOf(Request.waitAll([request])), bad, line)
  }
  for (const bad of [...receives, ...buffers]) {
    const from = bad.options as From
    let line = next()
    isRight(await failureOf(comm.recv(from)), bad, line)
    line = next()
    const request = comm.irecv(from)
    assert.equal(request.test(), true)
    assert.equal(request.cancel(), false)
    isRight(await failureOf(request.wait()), bad, line)
  }
  for (const bad of receives) {
    const from = bad.options as From
    let line = next()
    isRight(await failureOf(comm.probe(from)), bad, line)
    line = next()
    isRight(await failureOf(comm.mprobe(from)), bad, line)
    line = next()
    isRight(await failureOf(() => comm.iprobe(from)), bad, line)
    line = next()
    isRight(await failureOf(() => comm.improbe(from)), bad, line)
    if (bad.says === 'status: ') continue
    line = next()
    isRight(await failureOf(() => comm.messages(from)), bad, line)
  }
  for (const bad of exchanges) {
    const line = next()
    isRight(await failureOf(comm.sendrecv(1, bad.options as never)), bad, line)
  }
}

await check('each is refused, at the call, with its name and the line', async () => {
  await all()
})

await check('data that cannot travel is refused, in every form', async () => {
  const bads: [unknown, string][] = [
    [() => 1, 'data: a function'],
    [Symbol('s'), 'data: a symbol'],
    [{ list: [1, { callback: () => 1 }] }, 'data.list[1].callback: a function'],
    [Promise.resolve(1), 'data: a promise'],
    [comm.messages(), 'data: an observable'],
    [new WeakMap(), 'data: a WeakMap']
  ]
  for (const [data, says] of bads) {
    const bad = { name: 'DataCloneError', code: 'ERR_DATA_CLONE', says }
    let line = next()
    isRight(await failureOf(comm.send(data, { dest: 1 })), bad, line)
    line = next()
    isRight(await failureOf(comm.issend(data, { dest: 1 }).wait()), bad, line)
    line = next()
    isRight(await failureOf(comm.sendrecv(data, { dest: 1, source: 0 })), bad, line)
  }
  const memory = new ArrayBuffer(8)
  const gone = { name: 'ArgumentError', code: 'ERR_ARGUMENT', says: 'data: the buffer is detached' }
  for (const data of [detached(), detached().buffer, new DataView(memory), new Uint8Array(memory), Buffer.from(memory)]) {
    if (memory.byteLength > 0) structuredClone(memory, { transfer: [memory] })
    const line = next()
    isRight(await failureOf(comm.send(data, { dest: 1 })), gone, line)
  }
  const unmovable = { name: 'ArgumentError', code: 'ERR_ARGUMENT', says: 'transfer: ' }
  for (const data of [{ a: 1 }, 'text', Buffer.from('pooled'), new Uint8Array(new SharedArrayBuffer(8))]) {
    const line = next()
    isRight(await failureOf(comm.send(data, { dest: 1, transfer: true })), unmovable, line)
  }
})

await check('what throws inside the data is thrown as it is', async () => {
  const error = new RangeError('not now')
  const data = {
    get value(): number {
      throw error
    }
  }
  assert.equal(await failureOf(comm.send(data, { dest: 1 })), error)
  assert.equal(await failureOf(comm.isend([data], { dest: 1 }).wait()), error)
})

await check('errors tell the rank within their communicator', async () => {
  const line = next()
  isRight(await failureOf(COMM_SELF.send(1, { dest: 1 })), { ...rank(1, 'dest') }, line, COMM_SELF)
  assert.equal((await failureOf(COMM_SELF.send(1, { dest: 1 }))).communicator, 'self')
})

await check('a message from mprobe is received once, and a wrong into leaves it', async () => {
  const sent = comm.isend(Float64Array.of(1, 2), { dest: comm.rank, tag: 9 })
  const message = await comm.mprobe({ source: comm.rank, tag: 9 })
  for (const bad of buffers) {
    const line = next()
    isRight(await failureOf(message.recv(bad.options as { into: Float64Array })), bad, line)
  }
  assert.deepEqual(await message.recv(), Float64Array.of(1, 2))
  const line = next()
  isRight(await failureOf(message.recv()), { name: 'ArgumentError', code: 'ERR_ARGUMENT', says: 'message: it was received already' }, line)
  await sent.wait()
})

await check('an aborted signal is found before anything is sent', async () => {
  for (const [signal, name, code] of [
    [AbortSignal.abort(new Error('stop')), 'AbortError', 'ERR_ABORT'],
    [AbortSignal.abort(new DOMException('late', 'TimeoutError')), 'TimeoutError', 'ERR_TIMEOUT']
  ] as const) {
    const bad = { name, code, says: "the call's signal was aborted: " }
    const attempts: [() => unknown, string][] = [
      [() => comm.send(1, { dest: 1, signal }), next()],
      [() => comm.isend(1, { dest: 1, signal }).wait(), next()],
      [() => comm.recv({ signal }), next()],
      [() => comm.probe({ signal }), next()],
      [() => comm.mprobe({ signal }), next()],
      [() => comm.sendrecv(1, { dest: 1, signal }), next()],
      [() => comm.messages({ signal }), next()]
    ]
    for (const [attempt, line] of attempts) {
      const error = await failureOf(attempt as () => Promise<unknown>)
      assert.equal(error.name, name)
      assert.equal(error.code, code)
      assert.equal(error.cause, signal.reason)
      assert.ok(error.callSite?.includes(`arguments.ts:${Number(line) - 1}:`), `${line}: ${error.callSite} of ${error.stack}`)
      assert.ok(error.message.startsWith(bad.says), error.message)
    }
  }
})

/** What arrives and does not fit is told where it was received. */
async function misfits(): Promise<void> {
  const other = 1 - comm.rank
  const status = new Status()
  const short = { name: 'TruncationError', code: 'ERR_TRUNCATE', says: 'into: ' }
  const different = { name: 'DatatypeError', code: 'ERR_DATATYPE', says: 'into: ' }
  const cases = [
    [Float64Array.of(1, 2, 3), new Float64Array(2), short],
    [new Float64Array(100_000), new Float64Array(99_999), short],
    [Float64Array.of(1), new Float32Array(8), different],
    [Uint8Array.of(1), new Int8Array(8), different],
    [new Float64Array(100_000), new Int32Array(200_000), different],
    [{ a: 1 }, new Float64Array(8), different],
    ['x'.repeat(100_000), new Uint8Array(200_000), different]
  ] as const
  for (const [data, into, bad] of cases) {
    const before = into.slice()
    const sent = comm.isend(data, { dest: other })
    const line = next()
    const error = await failureOf(comm.recv({ source: other, into, status }))
    isRight(error, bad, line)
    if (bad === short)
      assert.ok(error.message.includes(`${(data as Float64Array).byteLength}`) && error.message.includes(`${into.byteLength}`))
    assert.deepEqual(into, before)
    assert.equal(status.source, other)
    await sent.wait()
  }
  const request = comm.irecv({ source: other, into: new Float64Array(1) })
  const line = String(Number(next()) - 2)
  await comm.send(Float64Array.of(1, 2), { dest: other })
  isRight(await failureOf(new Promise((_, reject) => request.subscribe({ error: reject }))), short, line)
}

await check('a message that does not fit its into is told where it was received, and is consumed', misfits)

await check('the lines are right after 100,000 other calls, too', async () => {
  for (let k = 0; k < 50_000; k++) {
    await comm.send(k, { dest: comm.rank })
    await comm.recv({ source: comm.rank })
  }
  await all()
})

await check('what fails later is told where it is awaited then, in every form of awaiting', async () => {
  const other = 1 - comm.rank
  const bad = { name: 'TruncationError', code: 'ERR_TRUNCATE', says: 'into: ' }
  const into = new Uint8Array(1)
  const rejections: [RxmpiError, string][] = []
  for (let k = 0; k < 4; k++) await comm.send(new Uint8Array(2), { dest: other })
  try {
    await comm.recv({ source: other, into })
  } catch (error) {
    rejections.push([error as RxmpiError, String(Number(next()) - 3)])
  }
  try {
    await comm.irecv({ source: other, into }).wait()
  } catch (error) {
    rejections.push([error as RxmpiError, String(Number(next()) - 3)])
  }
  try {
    await Promise.all([comm.recv({ source: other, into })])
  } catch (error) {
    rejections.push([error as RxmpiError, String(Number(next()) - 3)])
  }
  try {
    await comm.sendrecv(new Uint8Array(2), { dest: other, source: other, into })
  } catch (error) {
    rejections.push([error as RxmpiError, String(Number(next()) - 3)])
  }
  await comm.recv({ source: other })
  assert.equal(rejections.length, 4)
  for (const [error, line] of rejections) isRight(error, bad, line)
})

await check('what fails while it is awaited is told at the await, or at the call where that was recorded', async () => {
  const other = 1 - comm.rank
  const bad = { name: 'TruncationError', code: 'ERR_TRUNCATE', says: 'into: ' }
  const into = new Uint8Array(1)
  const called = next()
  const request = comm.irecv({ source: other, into })
  const seen: string[] = []
  const direct = async (): Promise<void> => {
    try {
      await request.wait()
    } catch (error) {
      seen.push(told(error as RxmpiError, bad, called, String(Number(next()) - 3)))
    }
  }
  const calledAlso = next()
  const listed = comm.irecv({ source: other, into: new Uint8Array(1) })
  const inList = async (): Promise<void> => {
    try {
      await Promise.all([listed.wait()])
    } catch (error) {
      seen.push(told(error as RxmpiError, bad, calledAlso, String(Number(next()) - 3)))
    }
  }
  const both = [direct(), inList()]
  await meet()
  await comm.send(new Uint8Array(2), { dest: other })
  await comm.send(new Uint8Array(2), { dest: other })
  await Promise.all(both)
  assert.equal(seen.length, 2)
})

/** The line that it names is one of these. */
function told(error: RxmpiError, bad: Bad, ...lines: string[]): string {
  const line = lines.find((line) => error.callSite?.includes(`arguments.ts:${line}:`)) ?? lines.join(' or ')
  isRight(error, bad, line)
  return line
}

report()
await turn()

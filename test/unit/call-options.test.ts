import { EMPTY, firstValueFrom, isObservable, of } from 'rxjs'
import { connect } from '../../client/node.js'
import * as mpi from '../../operators/index.js'
import { RankPool } from '../../pool/index.js'
import { Cartesian, Communicator } from '../../src/communicator/communicator.js'
import type { Group } from '../../src/core/group.js'
import { nearestOf } from '../../src/diagnostics/option-names.js'
import { ArgumentError } from '../../src/errors.js'
import { File } from '../../src/file/file.js'
import { launch } from '../../src/launch/index.js'
import { distributed, pack, resized, struct, subarray, unpack, view } from '../../src/layout/index.js'
import { createNpy, openNpy } from '../../src/npy/index.js'
import { createOp, SUM } from '../../src/op/op.js'
import { Request } from '../../src/request/request.js'
import { Condition, Counter, Mutex, Semaphore, sequential } from '../../src/sync/index.js'
import { Window } from '../../src/window/window.js'
import { explore, simulate } from '../../testing/index.js'

interface Stage {
  readonly comm: Communicator
  readonly cart: Cartesian
  readonly win: Window<Float64Array>
  readonly file: File
  readonly counter: Counter
  readonly mutex: Mutex
  readonly semaphore: Semaphore
  readonly condition: Condition
}

type Misspelt = readonly [call: string, nearest: string, run: (stage: Stage) => unknown]

const TICKET = `ws://127.0.0.1:1/viewers#w.${'A'.repeat(11)}.${'A'.repeat(43)}`
const data = new Float64Array(2)
/** Of whatever takes a signal. */
const bad = { signla: undefined } as object as never
const spelt = (options: object): never => options as never
const group = (comm: Communicator): Group => comm.group

/** Both forms of a method: the one that gives a promise, and the one that gives a request. */
function method(on: keyof Stage, name: string, nearest: string, ...args: unknown[]): Misspelt[] {
  const run =
    (of: string) =>
    (stage: Stage): unknown => {
      const object = stage[on] as unknown as Record<string, (...args: unknown[]) => unknown>
      return object[of]!(...args.map((arg) => (arg === group ? group(stage.comm) : arg)))
    }
  const twin = `i${name}`
  return [
    [`${on}.${name}`, nearest, run(name)],
    [`${on}.${twin}`, nearest, run(twin)]
  ]
}

const collectives = [
  ['barrier', []],
  ['bcast', [data]],
  ['scatter', [[1, 2]]],
  ['scatterv', [data]],
  ['gather', [1]],
  ['gatherv', [data]],
  ['allgather', [1]],
  ['allgatherv', [data]],
  ['alltoall', [[1, 2]]],
  ['alltoallv', [data]],
  ['reduce', [1, SUM]],
  ['allreduce', [1, SUM]],
  ['scan', [1, SUM]],
  ['exscan', [1, SUM]],
  ['reduceScatter', [[1, 2], SUM]]
] as const
const around = [
  ['neighborAllgather', [1]],
  ['neighborAllgatherv', [data]],
  ['neighborAlltoall', [[1, 2]]],
  ['neighborAlltoallv', [data]]
] as const

type Operators = Record<string, (comm: Communicator, ...args: unknown[]) => unknown>

const misspelt: readonly Misspelt[] = [
  ...['send', 'ssend'].flatMap((name) => method('comm', name, 'dest', 1, { des: 1 })),
  ...method('comm', 'recv', 'into', { source: 0, inot: data }),
  ...method('comm', 'sendrecv', 'recvTag', 1, { dest: 0, source: 0, recTag: 1 }),
  ...['probe', 'mprobe'].flatMap((name) => [
    [`comm.${name}`, 'source', ({ comm }) => comm[name as 'probe'](spelt({ sourec: 0 }))] as Misspelt,
    [
      `comm.${name.replace('probe', 'iprobe').replace('miprobe', 'improbe')}`,
      'tag',
      ({ comm }) => comm[name === 'probe' ? 'iprobe' : 'improbe'](spelt({ atg: 0 }))
    ] as Misspelt
  ]),
  ['comm.messages', 'source', ({ comm }) => comm.messages(spelt({ Source: 0 }))],
  ['comm.channel', 'peer', ({ comm }) => comm.channel(spelt({ per: 0 }))],
  ['comm.sendInit', 'dest', ({ comm }) => comm.sendInit(data, spelt({ dets: 0 }))],
  ['comm.ssendInit', 'dest', ({ comm }) => comm.ssendInit(data, spelt({ dets: 0 }))],
  ['comm.recvInit', 'source', ({ comm }) => comm.recvInit(spelt({ into: data, suorce: 0 }))],
  ['comm.psendInit', 'partitions', ({ comm }) => comm.psendInit(data, spelt({ dest: 0, partition: 2 }))],
  ['comm.precvInit', 'partitions', ({ comm }) => comm.precvInit(spelt({ source: 0, into: data, partitons: 2 }))],
  ...collectives.flatMap(([name, args]) => [
    ...method('comm', name, 'signal', ...args, bad),
    [
      `comm.${name}Init`,
      'signal',
      ({ comm }) => (comm as never as Operators)[`${name}Init`]!.call(comm, ...([...args, bad] as never as [Communicator]))
    ] as Misspelt,
    [`mpi.${name}`, 'ragged', ({ comm }) => (mpi as never as Operators)[name]!(comm, ...args.slice(1), { raged: 'rest' })] as Misspelt
  ]),
  ...around.flatMap(([name, args]) => [
    ...method('cart', name, 'signal', ...args, bad),
    [
      `cart.${name}Init`,
      'signal',
      ({ cart }) => (cart as never as Operators)[`${name}Init`]!.call(cart, ...([...args, bad] as never as [Communicator]))
    ] as Misspelt,
    [`mpi.${name}`, 'window', ({ cart }) => (mpi as never as Operators)[name]!(cart, { windows: 1 })] as Misspelt
  ]),
  ...method('comm', 'bcast', 'root', data, { rot: 1 }),
  ...method('comm', 'scatterv', 'counts', data, { count: [1, 1] }),
  ...method('comm', 'dup', 'name', { nmae: 'a' }),
  ...method('comm', 'spawn', 'ranks', './worker.ts', { rank: 2 }),
  ...method('comm', 'connect', 'timeout', 'port', { timout: 1 }),
  ['comm.listen', 'queue', ({ comm }) => comm.listen('port', spelt({ queu: 1 }))],
  ...method('comm', 'split', 'name', 0, 0, { names: 'a' }),
  ...method('comm', 'splitType', 'name', 'host', 0, { nam: 'a' }),
  ...method('comm', 'create', 'signal', group, bad),
  ...method('comm', 'createGroup', 'tag', group, { tga: 1 }),
  ...method('comm', 'createIntercomm', 'remoteLeader', { remoteLeadr: 0 }),
  ...method('comm', 'cart', 'periodic', { dims: [2], periodical: true }),
  ...method('comm', 'graph', 'reorder', { edges: [], reoder: true }),
  ...method('comm', 'agree', 'signal', true, bad),
  ...method('comm', 'shrink', 'name', { nane: 'a' }),
  ...method('comm', 'open', 'create', '/f', 'r', { creat: true }),
  ...method('comm', 'open', 'at', '/f', 'r', { view: { ta: 1 } }),
  ...method('comm', 'window', 'name', data, { nme: 'a' }),
  ...method('comm', 'allocateWindow', 'contiguous', Float64Array, 4, { contigous: true }),
  ...method('cart', 'sub', 'name', [true], { nme: 'a' }),
  ...method('cart', 'dup', 'name', { nme: 'a' }),
  ['cart.halo', 'boundary', ({ cart }) => cart.halo(spelt({ sizes: [2], boundry: 0 }))],
  ['halo.exchange', 'signal', ({ cart }) => freed(cart, (halo) => halo.exchange(halo.allocate(Float64Array), bad))],
  ['halo.iexchange', 'signal', ({ cart }) => freed(cart, (halo) => halo.iexchange(halo.allocate(Float64Array), bad))],
  ['mpi.halo', 'signal', ({ cart }) => freed(cart, (halo) => mpi.halo(halo, bad))],
  ...method('win', 'put', 'at', data, { target: 0, ta: 1 }),
  ...method('win', 'get', 'count', { target: 0, coutn: 1 }),
  ...method('win', 'accumulate', 'target', data, SUM, { tagret: 0 }),
  ...method('win', 'getAccumulate', 'into', data, SUM, { target: 0, inot: data }),
  ...method('win', 'fetchAndOp', 'notify', 1, SUM, { target: 0, notfy: 1 }),
  ...method('win', 'compareAndSwap', 'at', 1, 2, { target: 0, ta: 1 }),
  ...method('win', 'lock', 'shared', 0, { share: true }),
  ...['fence', 'lockAll', 'wait', 'close'].flatMap((name) => method('win', name, 'signal', bad)),
  ...method('win', 'start', 'signal', group, bad),
  ['win.notifications', 'source', ({ win }) => win.notifications(spelt({ soure: 0 }))],
  ['win.changes', 'count', ({ win }) => win.changes(spelt({ cuont: 0 }))],
  ['win.touch', 'target', ({ win }) => win.touch(spelt({ taget: 0 }))],
  ...['read', 'readAll'].flatMap((name) => method('file', name, 'count', { cont: 1 })),
  ...['write', 'writeAll'].flatMap((name) => method('file', name, 'shared', data, { shard: true })),
  ...method('file', 'setView', 'type', { tpye: 'f64' }),
  ...method('file', 'setView', 'signal', {}, bad),
  ...method('file', 'seekShared', 'signal', 0, 'start', bad),
  ...['sharedPosition', 'size', 'sync', 'close'].flatMap((name) => method('file', name, 'signal', bad)),
  ...['truncate', 'preallocate'].flatMap((name) => method('file', name, 'signal', 8, bad)),
  ...method('file', 'setAtomicity', 'signal', true, bad),
  ['mpi.readFrom', 'format', ({ file }) => mpi.readFrom(file, spelt({ formt: 'lines' }))],
  ['mpi.writeTo', 'order', ({ file }) => mpi.writeTo(file, spelt({ odrer: 'rounds' }))],
  ['openNpy', 'name', ({ comm }) => openNpy(comm, '/f', 'r', spelt({ nmae: 'a' }))],
  ['createNpy', 'shape', ({ comm }) => createNpy(comm, '/f', spelt({ shap: [1] }))],
  ['mpi.sendTo', 'overflow', ({ comm }) => mpi.sendTo(comm, spelt({ dest: 0, overlfow: 'error' }))],
  ['mpi.receiveFrom', 'prefetch', ({ comm }) => mpi.receiveFrom(comm, spelt({ source: 0, prefech: 1 }))],
  ['mpi.mergeFrom', 'sources', ({ comm }) => mpi.mergeFrom(comm, spelt({ source: [0] }))],
  ['mpi.gatherStreams', 'fair', ({ comm }) => mpi.gatherStreams(comm, spelt({ fiar: true }))],
  ['mpi.broadcastTo', 'history', ({ comm }) => mpi.broadcastTo(comm, spelt({ histroy: 1 }))],
  ['mpi.partitionTo', 'partitioner', ({ comm }) => mpi.partitionTo(comm, (value: number) => value, spelt({ partitoner: () => 0 }))],
  ['mpi.watermark', 'lateness', ({ comm }) => mpi.watermark(comm, spelt({ time: Number, latenes: 1 }))],
  ['mpi.windowByTime', 'slide', ({ comm }) => mpi.windowByTime(comm, spelt({ size: 1, time: Number, op: SUM, slid: 1 }))],
  ['mpi.publish', 'overflow', ({ comm }) => mpi.publish(comm, 'x', spelt({ overlfow: 'error' }))],
  ['mpi.subscribeTo', 'root', ({ comm }) => mpi.subscribeTo(comm, 'x', spelt({ rot: 0 }))],
  ['mpi.viewers', 'port', ({ comm }) => mpi.viewers(comm, spelt({ prot: 0 }))],
  ['job.stream', 'prefetch', () => connect(TICKET).stream('x', spelt({ prefech: 1 }))],
  ['job.publish', 'overflow', () => connect(TICKET).publish('x', spelt({ overflw: 'latest' }))],
  ['mpi.ref', 'timeout', () => mpi.ref(of(1), spelt({ timout: 1 }))],
  ['Request.from', 'status', () => Request.from(EMPTY, spelt({ statu: 1 }))],
  ['createOp', 'commutative', () => createOp((a: number) => a, spelt({ comutative: true }))],
  ['view', 'offset', () => view(data, undefined, spelt({ ofset: 1 }))],
  ['subarray', 'starts', () => subarray(spelt({ sizes: [2], subsizes: [1], start: [0] }))],
  ['distributed', 'coords', () => distributed(spelt({ sizes: [2], grid: [1], coord: [0], by: ['block'] }))],
  ['struct', 'packed', () => struct({ a: 'u8' }, spelt({ packd: true }))],
  ['struct.allocate', 'shared', () => struct({ a: 'u8' }).allocate(1, spelt({ shard: true }))],
  ['resized', 'extent', () => resized('u8', spelt({ extend: 1 }))],
  ['halo.allocate', 'shared', ({ cart }) => freed(cart, (halo) => halo.allocate(Float64Array, spelt({ shard: true })))],
  ['pack', 'into', () => pack([data], spelt({ inot: new Uint8Array(16) }))],
  ['unpack', 'format', () => unpack(new Uint8Array(16), [data], spelt({ fromat: 'native' }))],
  ['Counter.create', 'start', ({ comm }) => Counter.create(comm, spelt({ strat: 1 }))],
  ['Mutex.create', 'recursive', ({ comm }) => Mutex.create(comm, spelt({ recursiv: true }))],
  ['Semaphore.create', 'value', ({ comm }) => Semaphore.create(comm, spelt({ valeu: 1 }))],
  ['Condition.create', 'mutex', ({ comm }) => Condition.create(comm, spelt({ mutx: undefined }))],
  ...['acquire', 'tryAcquire'].flatMap((name) => [...method('mutex', name, 'signal', bad), ...method('semaphore', name, 'signal', bad)]),
  ...method('semaphore', 'release', 'signal', 1, bad),
  ...method('condition', 'notify', 'signal', 1, bad),
  ...['acquire', 'wait', 'notifyAll'].flatMap((name) => method('condition', name, 'signal', bad)),
  ...method('condition', 'waitFor', 'signal', () => true, bad),
  ...method('counter', 'next', 'signal', 1, bad),
  ...method('counter', 'value', 'signal', bad),
  ['counter.tickets', 'below', ({ counter }) => counter.tickets(spelt({ blow: 1 }))],
  ['sequential', 'signal', ({ comm }) => firstValueFrom(of(1).pipe(sequential(comm, bad)))],
  ['sequential.begin', 'signal', ({ comm }) => sequential.begin(comm, bad)],
  ['simulate', 'latency', () => simulate(2, spelt({ latancy: 2 }), () => undefined)],
  ['simulate disk', 'latency', () => simulate(2, { disk: spelt({ latncy: 2 }) }, () => undefined)],
  ['explore', 'seeds', () => explore(spelt({ sedes: 2 }), () => undefined)],
  ['launch', 'ranks', () => launch(spelt({ rnaks: 2, program: 'x.ts' }))],
  ['RankPool.of', 'root', ({ comm }) => RankPool.of(comm, spelt({ rot: 1 }))],
  ['RankPool.launch', 'env', () => RankPool.launch(1, spelt({ evn: {} }))]
]

function freed<T>(cart: Cartesian, run: (halo: ReturnType<Cartesian['halo']>) => T): T {
  const halo = cart.halo({ sizes: [2] })
  try {
    return run(halo)
  } finally {
    halo.free()
  }
}

/** What a call says of what is wrong: thrown, rejected with, or at the end of the stream. */
async function refusalOf(run: () => unknown): Promise<unknown> {
  try {
    const result = run()
    await (isObservable(result) ? firstValueFrom(result, { defaultValue: undefined }) : result)
  } catch (error) {
    return error
  }
  return undefined
}

test('a misspelt option is an error with the nearest name, in every call', async () => {
  const stage = simulate(1, { leaks: 'ignore', files: { '/f': '' } }, ({ comms: [comm], flush }) => {
    const made = {
      comm: comm!,
      cart: comm!.icart({ dims: [1], periodic: true }),
      win: comm!.iallocateWindow(Float64Array, 4),
      file: comm!.iopen('/f', 'r+'),
      counter: Counter.icreate(comm!),
      mutex: Mutex.icreate(comm!),
      semaphore: Semaphore.icreate(comm!),
      condition: Condition.icreate(comm!)
    }
    flush()
    return Object.fromEntries(
      Object.entries(made).map(([name, one]) => [name, one instanceof Request ? one.value : one])
    ) as unknown as Stage
  })
  // Afterwards, for a promise that rejects is no failure of a simulation.
  const refusals = misspelt.map(async ([call, nearest, run]) => ({ call, nearest, error: await refusalOf(() => run(stage)) }))
  const accepted: unknown[] = []
  for (const { call, nearest, error } of await Promise.all(refusals)) {
    const isRefused = error instanceof ArgumentError && error.message.includes(`there is no such option; did you mean '${nearest}'?`)
    if (!isRefused) accepted.push([call, String(error)])
  }
  expect(accepted).toEqual([])
})

test('every method that takes options is in the list', () => {
  const called = new Set(misspelt.map(([call]) => call.replace(/^\w+\./, '')))
  const without = new Set(
    [
      'constructor free compare abort revoke ackFailed coordsOf rankOf shift shared unlock iunlock flush iflush flushLocal iflushLocal',
      'post ipost complete icomplete test attach detach sync isync seek byteOffset',
      // What is the library's own.
      'grid derive make copy membersAt leads nextStream joinStream checkStream track'
    ].flatMap((names) => names.split(' '))
  )
  const missing = [Communicator, Cartesian, Window, File].flatMap((type) => {
    const names: string[] = []
    for (let proto = type.prototype; proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto)))
        if (typeof value === 'function') names.push(name)
    }
    return names.filter((name) => !called.has(name) && !without.has(name)).map((name) => `${type.name}.${name}`)
  })
  expect([...new Set(missing)]).toEqual([])
})

test('a name that is like none is told the names there are', () => {
  simulate(1, {}, ({ comms: [comm] }) => {
    expect(() => comm!.iprobe({ colour: 1 } as object)).toThrow(
      /^colour: there is no such option; expected source, tag, status or signal \(rank 0/
    )
    expect(() => comm!.channel({ peer: 0, toString: 1 } as never)).toThrow(/^toString: there is no such option/)
  })
})

test.each([
  ['des', 'dest'],
  ['inot', 'into'],
  ['Source', 'source'],
  ['to', 'into'],
  ['op', undefined],
  ['destination', undefined],
  ['sorces', 'source']
])('the nearest to %s is %s', (name, nearest) => {
  expect(nearestOf(name, ['dest', 'source', 'tag', 'into'])).toBe(nearest)
})

test('an option that a call inherits from its prototype counts', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    zero!.isend('a', Object.create({ dest: 1, tag: 3 }))
    const request = one!.irecv(Object.create({ source: 0 }, { tag: { value: 3 } }))
    flush()
    expect(request.value).toBe('a')
  })
})

test('what is changed in the options after the call changes nothing', () => {
  simulate(2, {}, ({ ranks, flush }) => {
    const [into, other] = [new Float64Array(1), new Float64Array(1)]
    const options = { into }
    const given = ranks((comm) => comm.ibcast(Float64Array.of(3), comm.rank === 0 ? {} : options))
    options.into = other
    flush()
    expect(given[1]!.value).toBe(into)
    expect([...into, ...other]).toEqual([3, 0])
  })
})

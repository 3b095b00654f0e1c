import type { Communicator } from '../../../src/communicator/communicator.js'
import { type Finding, type Steps, Writer } from '../program.js'
import type { FileOf, Win } from './types.js'

const { programs, wrong, right } = new Writer('invalid parameter')

export { programs as invalidParameter }

/** What no type lets through. */
const any = <T>(value: unknown): T => value as T

// Where a message goes, and where it is from
for (const [what, dest] of [
  ['behind the last', 2],
  ['negative', -9],
  ['no integer', 0.5],
  ['no number', 'one'],
  ['absent', undefined],
  ['any rank', -1]
] as const) {
  wrong(`send: dest is ${what}`, 2, 'RankError', function* (comm, { ANY_SOURCE }) {
    if (comm.rank === 0) yield comm.isend(1, { dest: any(dest === -1 ? ANY_SOURCE : dest) })
  })
}
for (const [what, source] of [
  ['behind the last', 3],
  ['negative', -9],
  ['no integer', 1.5]
] as const) {
  wrong(`recv: source is ${what}`, 3, 'RankError', function* (comm) {
    if (comm.rank === 0) yield comm.irecv({ source })
  })
}
for (const [what, tag] of [
  ['negative', -7],
  ['too large', 2 ** 40],
  ['no integer', 1.5],
  ['a word', 'data']
] as const) {
  wrong(`send: tag is ${what}`, 2, 'TagError', function* (comm) {
    if (comm.rank === 0) yield comm.isend(1, { dest: 1, tag: any(tag) })
  })
}
wrong('send: tag is any tag', 2, 'TagError', function* (comm, { ANY_TAG }) {
  if (comm.rank === 0) yield comm.isend(1, { dest: 1, tag: ANY_TAG })
})
wrong('probe: tag is negative', 2, 'TagError', function* (comm) {
  comm.iprobe({ tag: -9 })
  yield 1
})
for (const dest of [0, 1]) {
  right(`send: to rank ${dest} of two, itself or the other`, 2, function* (comm) {
    if (comm.rank === 0) yield comm.isend('here', { dest })
    if (comm.rank === dest) return yield comm.irecv({ source: 0 })
  })
}
right('send and recv: to and from nobody', 2, function* (comm, { PROC_NULL }) {
  yield comm.isend(1, { dest: PROC_NULL })
  return yield comm.irecv({ source: PROC_NULL })
})
for (const which of ['lowest', 'highest'] as const) {
  right(`send: the ${which} tag`, 2, function* (comm, { TAG_UB }) {
    const tag = which === 'lowest' ? 0 : TAG_UB
    if (comm.rank === 0) yield comm.isend(1, { dest: 1, tag })
    else return yield comm.irecv({ source: 0, tag })
  })
}
right('recv: any source and tag', 2, function* (comm, { ANY_SOURCE, ANY_TAG }) {
  if (comm.rank === 0) yield comm.isend(1, { dest: 1, tag: 3 })
  else return yield comm.irecv({ source: ANY_SOURCE, tag: ANY_TAG })
})

// Roots
type Rooted = 'ibcast' | 'ireduce' | 'igather' | 'iscatter'
const rooted = (comm: Communicator, name: Rooted, root: number): unknown => {
  if (name === 'ireduce') return comm.ireduce(1, undefined, { root })
  if (name === 'iscatter') return comm.iscatter(comm.rank === root ? [1, 2, 3] : undefined, { root })
  return name === 'ibcast' ? comm.ibcast(comm.rank, { root }) : comm.igather(comm.rank, { root })
}
for (const name of ['ibcast', 'ireduce', 'igather', 'iscatter'] as const) {
  for (const root of [3, -1]) {
    wrong(`${name}: root is ${root} of 3`, 3, 'RankError', function* (comm) {
      yield rooted(comm, name, root)
    })
  }
  for (const root of [0, 2]) {
    right(`${name}: root is ${root} of 3`, 3, function* (comm) {
      return yield rooted(comm, name, root)
    })
  }
}

// Data and its length
const calls: [name: string, finding: Finding, bad: (comm: Communicator) => unknown, good: (comm: Communicator) => unknown][] = [
  ['scatter: seven elements over 3 ranks', 'CountError', (c) => c.iscatter(new Float64Array(7)), (c) => c.iscatter(new Float64Array(6))],
  ['scatter: a list of 2 over 3 ranks', 'CountError', (c) => c.iscatter([1, 2]), (c) => c.iscatter([1, 2, 3])],
  ['alltoall: a list of 4 over 3 ranks', 'CountError', (c) => c.ialltoall([1, 2, 3, 4]), (c) => c.ialltoall([1, 2, 3])],
  [
    'gather: into is too small',
    'TruncationError',
    (c) => c.igather(Float64Array.of(1, 2), { into: new Float64Array(5) }),
    (c) => c.igather(Float64Array.of(1, 2), { into: new Float64Array(6) })
  ],
  [
    'reduceScatter: five elements over 3 ranks',
    'CountError',
    (c) => c.ireduceScatter(new Float64Array(5)),
    (c) => c.ireduceScatter(new Float64Array(3))
  ],
  [
    'scatterv: counts of 2 ranks over 3',
    'CountError',
    (c) => c.iscatterv(new Float64Array(3), { counts: [1, 2] }),
    (c) => c.iscatterv(new Float64Array(3), { counts: [1, 2, 0] })
  ],
  [
    'alltoallv: more is sent than there is',
    'CountError',
    (c) => c.ialltoallv(new Float64Array(2), { sendCounts: [1, 1, 1] }),
    (c) => c.ialltoallv(new Float64Array(3), { sendCounts: [1, 1, 1] })
  ],
  ['split: a negative colour', 'ArgumentError', (c) => c.isplit(-2), (c) => c.isplit(undefined)],
  ['cart: more places than ranks', 'CountError', (c) => c.icart({ dims: [2, 2] }), (c) => c.isplit(undefined)]
]
for (const [name, finding, bad, good] of calls) {
  wrong(name, 3, finding, function* (comm) {
    yield bad(comm)
  })
  right(`as it should be, ${name}`, 3, function* (comm) {
    yield good(comm)
  })
}

// What can be sent, and how
const data: [name: string, finding: Finding, bad: () => unknown, good: () => unknown][] = [
  ['a function', 'DataCloneError', () => () => 1, () => String(() => 1)],
  ['a promise in an object', 'DataCloneError', () => ({ a: Promise.resolve() }), () => ({ a: 1 })],
  ['a symbol', 'DataCloneError', () => Symbol('a'), () => 'a'],
  ['a detached buffer', 'ArgumentError', detached, () => new Float64Array(4)]
]
function detached(): Float64Array {
  const memory = new Float64Array(4)
  structuredClone(memory, { transfer: [memory.buffer] })
  return memory
}
for (const [name, finding, bad, good] of data) {
  wrong(`send: ${name}`, 2, finding, function* (comm) {
    if (comm.rank === 0) yield comm.isend(bad(), { dest: 1 })
  })
  right(`send: what goes, instead of ${name}`, 2, function* (comm) {
    if (comm.rank === 0) yield comm.isend(good(), { dest: 1 })
    else return yield comm.irecv()
  })
}
wrong('send: an object is to be transferred', 2, 'ArgumentError', function* (comm) {
  if (comm.rank === 0) yield comm.isend({ a: 1 }, { dest: 1, transfer: true })
})
wrong('send: an option is misspelt', 2, 'ArgumentError', function* (comm) {
  if (comm.rank === 0) yield comm.isend(1, any({ dest: 1, tagg: 2 }))
})
wrong('recv: into is no buffer', 2, 'ArgumentError', function* (comm) {
  yield comm.irecv({ source: 0, into: any<Float64Array>([1, 2]) })
})
wrong('allreduce: SUM of objects', 2, 'DatatypeError', function* (comm, { SUM }) {
  yield comm.iallreduce(any<number>({ a: 1 }), SUM)
})
wrong('allreduce: BAND of floating-point numbers', 2, 'DatatypeError', function* (comm, { BAND }) {
  yield comm.iallreduce(any<Int32Array>(new Float64Array(2)), BAND)
})
right('allreduce: an op of its own, of objects', 2, function* (comm, { createOp }) {
  return yield comm.iallreduce(
    { a: comm.rank },
    createOp<{ a: number }>((x, y) => ({ a: x.a + y.a }))
  )
})
right('allreduce: BAND of integers', 2, function* (comm, { BAND }) {
  return yield comm.iallreduce(Int32Array.of(6, comm.rank + 2), BAND)
})

// Layouts, windows, groups, what is freed
wrong('view: it reaches outside its memory', 1, 'CountError', function* (_, { view, vector }) {
  view(new Float64Array(8), vector(3, 2, 4))
  yield 1
})
right('view: to the last element', 2, function* (comm, { view, vector }) {
  if (comm.rank === 0) yield comm.isend(view(new Float64Array(10), vector(3, 2, 4)), { dest: 1 })
  else return yield comm.irecv()
})
for (const at of [-1, 3]) {
  wrong(`put: 2 elements at ${at} of 4`, 2, 'CountError', function* (comm) {
    using win: Win = yield comm.iwindow(new Float64Array(4))
    yield win.iput(Float64Array.of(1, 2), { target: 1, at })
  })
}
for (const at of [0, 2]) {
  right(`put: 2 elements at ${at} of 4`, 2, function* (comm) {
    const win: Win = yield comm.iwindow(new Float64Array(4))
    if (comm.rank === 0) yield win.iput(Float64Array.of(1, 2), { target: 1, at })
    yield win.iclose()
  })
}
wrong('put: a target that there is not', 2, 'RankError', function* (comm) {
  using win: Win = yield comm.iwindow(new Float64Array(4))
  yield win.iput(Float64Array.of(1), { target: 2 })
})
wrong('get: neither count nor into', 2, 'ArgumentError', function* (comm) {
  using win: Win = yield comm.iwindow(new Float64Array(4))
  yield win.iget({ target: 1 })
})
wrong('group: a rank twice', 2, 'RankError', function* (comm) {
  comm.group.include([1, 1])
  yield 1
})
right('group: ranks in another order', 2, function* (comm) {
  const other: Communicator = yield comm.icreate(comm.group.include([1, 0]))
  const rank = other.rank
  other.free()
  return rank
})
wrong('allreduce on a communicator that was freed', 2, 'FreedError', function* (comm) {
  const other: Communicator = yield comm.idup()
  other.free()
  yield other.iallreduce(1)
})
right('allreduce on a communicator whose parent was freed', 2, function* (comm) {
  const parent: Communicator = yield comm.idup()
  const child: Communicator = yield parent.idup()
  parent.free()
  const sum: number = yield child.iallreduce(1)
  child.free()
  return sum
})
wrong('COMM_WORLD is freed', 2, 'ArgumentError', function* (comm) {
  comm.free()
  yield 1
})
wrong('psendInit: five elements in 2 partitions', 2, 'CountError', function* (comm) {
  comm.psendInit(new Float64Array(5), { dest: 1 - comm.rank, partitions: 2 })
  yield 1
})
wrong('write to a file that is open for reading', 1, 'ArgumentError', fileWrite('r'), { files: { 'a.bin': Uint8Array.of(1, 2) } })
right('write to a file that is open for both', 1, fileWrite('r+'), { files: { 'a.bin': Uint8Array.of(1, 2) } })
function fileWrite(mode: 'r' | 'r+') {
  return function* (comm: Communicator): Steps {
    const file: FileOf = yield comm.iopen('a.bin', mode)
    try {
      yield file.iwrite(Uint8Array.of(7))
    } finally {
      file.free()
    }
    return undefined
  }
}
wrong('open a file that is not there', 2, 'FileError', function* (comm) {
  yield comm.iopen('missing.bin')
})

import { type Body, type Finding, type Steps, Writer } from '../program.js'
import type { Cart, Comm, Graph } from './types.js'

const { programs, wrong, right } = new Writer('parameter matching')

export { programs as parameterMatching }

// Types and lengths of messages
const arrays = { Float64Array, Float32Array, Int32Array, Uint8Array, BigInt64Array, Int16Array }
const names = Object.keys(arrays) as (keyof typeof arrays)[]
for (const [k, sent] of names.entries()) {
  const received = names[(k + 1) % names.length]!
  const message = (into: keyof typeof arrays): Body =>
    function* (comm): Steps {
      if (comm.rank === 0) yield comm.isend(new arrays[sent](4), { dest: 1 })
      else return yield comm.irecv({ source: 0, into: new arrays[into](8) })
      return undefined
    }
  wrong(`a ${sent} is received into a ${received}`, 2, 'DatatypeError', message(received))
  right(`a ${sent} is received into another`, 2, message(sent))
}
const lengths: [name: string, sent: number, room: number, isWrong: boolean][] = [
  ['one element more than there is room for', 9, 8, true],
  ['far more than there is room for', 50_000, 8, true],
  ['something where there is no room', 1, 0, true],
  ['as much as there is room for', 8, 8, false],
  ['less than there is room for', 3, 8, false],
  ['nothing', 0, 8, false]
]
for (const [name, sent, room, isWrong] of lengths) {
  const body: Body = function* (comm) {
    if (comm.rank === 0) yield comm.isend(new Float64Array(sent), { dest: 1 })
    else yield comm.irecv({ source: 0, into: new Float64Array(room) })
  }
  if (isWrong) wrong(`${name} is sent`, 2, 'TruncationError', body)
  else right(`${name} is sent`, 2, body)
}
wrong('an object is received into an array', 2, 'DatatypeError', function* (comm) {
  if (comm.rank === 0) yield comm.isend({ a: 1 }, { dest: 1 })
  else yield comm.irecv({ source: 0, into: new Float64Array(1) })
})
wrong('records are received as numbers', 2, 'DatatypeError', function* (comm, { struct }) {
  const Point = struct({ x: 'f64', id: 'u32' })
  if (comm.rank === 0) yield comm.isend(Point.allocate(2), { dest: 1 })
  else yield comm.irecv({ source: 0, into: new Float64Array(8) })
})
right('records are received as records', 2, function* (comm, { struct }) {
  const Point = struct({ x: 'f64', id: 'u32' })
  const own = Point.allocate(2)
  if (comm.rank === 0) yield comm.isend(own, { dest: 1 })
  else yield comm.irecv({ source: 0, into: own })
})
wrong('a column is received into a shorter one', 2, 'TruncationError', function* (comm, { view, vector }) {
  const memory = new Float64Array(20)
  if (comm.rank === 0) yield comm.isend(view(memory, vector(5, 1, 4)), { dest: 1 })
  else yield comm.irecv({ source: 0, into: view(memory, vector(4, 1, 5)) })
})
right('a column is received as a row', 2, function* (comm, { view, vector }) {
  const memory = Float64Array.from({ length: 20 }, (_, k) => k)
  if (comm.rank === 0) yield comm.isend(view(memory, vector(5, 1, 4)), { dest: 1 })
  else return yield comm.irecv({ source: 0, into: new Float64Array(5) })
})
right('bytes are received into bytes of another kind', 2, function* (comm) {
  if (comm.rank === 0) yield comm.isend(new Uint8Array(4), { dest: 1 })
  else yield comm.irecv({ source: 0, into: new DataView(new ArrayBuffer(4)) })
})

// Tags and sources
wrong('another tag is received than is sent', 2, 'DeadlockError', function* (comm) {
  if (comm.rank === 0) yield comm.isend(1, { dest: 1, tag: 5 })
  else yield comm.irecv({ source: 0, tag: 6 })
})
wrong('an answer comes under another tag', 2, 'DeadlockError', function* (comm) {
  if (comm.rank === 0) {
    yield comm.isend('question', { dest: 1 })
    return yield comm.irecv({ source: 1, tag: 5 })
  }
  yield comm.irecv({ source: 0 })
  yield comm.isend('answer', { dest: 0, tag: 6 })
})
wrong('another source is received from than sends', 3, 'DeadlockError', function* (comm) {
  if (comm.rank === 2) yield comm.isend(1, { dest: 0 })
  else if (comm.rank === 0) yield comm.irecv({ source: 1 })
})
wrong('a message is received on another communicator than it was sent on', 2, 'DeadlockError', function* (comm) {
  using other: Comm = yield comm.idup()
  if (comm.rank === 0) yield other.isend(1, { dest: 1 })
  else yield comm.irecv({ source: 0 })
})
right('messages of two tags are received in the other order', 2, function* (comm) {
  if (comm.rank === 0) for (const tag of [5, 6]) yield comm.isend(tag, { dest: 1, tag })
  else for (const tag of [6, 5]) yield comm.irecv({ source: 0, tag })
})
right('messages of two communicators are received in the other order', 2, function* (comm) {
  const other: Comm = yield comm.idup()
  if (comm.rank === 0) for (const one of [comm, other]) yield one.isend(1, { dest: 1 })
  else for (const one of [other, comm]) yield one.irecv({ source: 0 })
  other.free()
})

// Roots, ops, types and lengths of collectives
const MISMATCH: Finding = 'CollectiveMismatchError'
const roots: Record<string, (comm: Comm, root: number) => unknown> = {
  bcast: (comm, root) => comm.ibcast(comm.rank, { root }),
  reduce: (comm, root) => comm.ireduce(1, undefined, { root }),
  gather: (comm, root) => comm.igather(1, { root }),
  scatter: (comm, root) => comm.iscatter([1, 2, 3], { root }),
  gatherv: (comm, root) => comm.igatherv(Float64Array.of(1), { root })
}
for (const [name, call] of Object.entries(roots)) {
  for (const odd of [0, 2]) {
    wrong(`${name}: rank ${odd} has another root`, 3, MISMATCH, function* (comm) {
      yield call(comm, comm.rank === odd ? 0 : 1)
      yield comm.ibarrier()
    })
  }
  right(`${name}: the root changes from call to call`, 3, function* (comm) {
    for (const root of [2, 0, 1]) yield call(comm, root)
  })
}
type Reduction = 'ireduce' | 'iallreduce' | 'iscan' | 'iexscan' | 'ireduceScatter'
for (const name of ['ireduce', 'iallreduce', 'iscan', 'iexscan', 'ireduceScatter'] as Reduction[]) {
  const given = (): Float64Array => Float64Array.of(1, 2, 3)
  const call = (comm: Comm, data: unknown, op: unknown): unknown =>
    (comm[name] as (data: unknown, op: unknown) => unknown).call(comm, data, op)
  wrong(`${name}: ranks have different ops`, 3, MISMATCH, function* (comm, { SUM, MAX }) {
    yield call(comm, given(), comm.rank === 1 ? MAX : SUM)
  })
  wrong(`${name}: ranks have different types`, 3, MISMATCH, function* (comm, { SUM }) {
    yield call(comm, comm.rank === 1 ? Float32Array.of(1, 2, 3) : given(), SUM)
    yield comm.ibarrier()
  })
  wrong(`${name}: ranks have different lengths`, 3, MISMATCH, function* (comm, { SUM }) {
    yield call(comm, new Float64Array(comm.rank === 2 ? 6 : 3), SUM)
    yield comm.ibarrier()
  })
  right(`${name}: op, type and length change from call to call`, 3, function* (comm, { SUM, MAX }) {
    yield call(comm, given(), SUM)
    yield call(comm, given(), MAX)
    yield call(comm, Int32Array.of(1, 2, 3, 4, 5, 6), SUM)
  })
}
wrong('allreduce: a number here, an array there', 2, MISMATCH, function* (comm) {
  yield comm.iallreduce((comm.rank === 0 ? 1 : Float64Array.of(1)) as number)
  yield comm.ibarrier()
})
wrong('bcast: into is too small on one rank', 3, 'TruncationError', function* (comm) {
  yield comm.ibcast(new Float64Array(4), { into: new Float64Array(comm.rank === 2 ? 2 : 4) })
})
wrong('bcast: into has another type on one rank', 3, 'DatatypeError', function* (comm) {
  yield comm.ibcast(new Float64Array(4), { into: comm.rank === 1 ? new Int32Array(8) : new Float64Array(4) })
})
right('bcast: into where it fits, none elsewhere', 3, function* (comm) {
  yield comm.ibcast(new Float64Array(4), comm.rank === 1 ? { into: new Float64Array(9) } : {})
})
wrong('alltoallv: what is sent is not what is expected', 2, MISMATCH, function* (comm) {
  yield comm.ialltoallv(new Float64Array(4), { sendCounts: [2, 2], recvCounts: comm.rank === 0 ? [2, 2] : [1, 2] })
})
right('alltoallv: ranks send different numbers', 2, function* (comm) {
  yield comm.ialltoallv(new Float64Array(3), {
    sendCounts: comm.rank === 0 ? [1, 2] : [3, 0],
    recvCounts: comm.rank === 0 ? [1, 3] : [2, 0]
  })
})
wrong('gatherv: a rank gives more than is counted', 3, MISMATCH, function* (comm) {
  yield comm.igatherv(new Float64Array(comm.rank + 1), { counts: [1, 1, 3] })
})
right('gatherv: each gives what is counted', 3, function* (comm) {
  yield comm.igatherv(new Float64Array(comm.rank + 1), { counts: [1, 2, 3] })
})

// What is made together
wrong('cart: ranks have different shapes', 4, MISMATCH, function* (comm) {
  yield comm.icart({ dims: comm.rank === 0 ? [4, 1] : [2, 2] })
})
wrong('graph: a source that does not know of it', 3, MISMATCH, function* (comm) {
  yield comm.igraph({ sources: comm.rank === 0 ? [1] : [], dests: [] })
})
right('graph: a ring', 3, function* (comm) {
  const graph: Graph = yield comm.igraph({ sources: [(comm.rank + 2) % 3], dests: [(comm.rank + 1) % 3] })
  const got: unknown = yield graph.ineighborAllgather(comm.rank)
  graph.free()
  return got
})
wrong('halo: blocks beside each other have different heights', 2, MISMATCH, function* (comm) {
  using cart: Cart = yield comm.icart({ dims: [2, 1] })
  using halo = cart.halo({ sizes: [4, comm.rank === 0 ? 4 : 5] })
  yield halo.iexchange(halo.allocate(Float64Array))
})
right('halo: blocks behind each other have different lengths', 2, function* (comm) {
  using cart: Cart = yield comm.icart({ dims: [2, 1] })
  using halo = cart.halo({ sizes: [comm.rank === 0 ? 4 : 5, 4] })
  yield halo.iexchange(halo.allocate(Float64Array))
})
wrong(
  'open: ranks have different modes',
  2,
  MISMATCH,
  function* (comm) {
    yield comm.iopen('a.bin', comm.rank === 0 ? 'w' : 'r')
  },
  { files: { 'a.bin': new Uint8Array(4) } }
)
for (const isWrong of [true, false]) {
  const body: Body = function* (comm) {
    const elements = comm.rank === 0 || !isWrong ? 4 : 8
    if (comm.rank === 0) {
      using out = comm.psendInit(new Float64Array(elements), { dest: 1, partitions: 4 })
      const sent = out.start()
      out.ready([0, 1, 2, 3])
      yield sent
    } else {
      using inn = comm.precvInit({ source: 0, into: new Float64Array(elements), partitions: 2 })
      yield inn.start()
    }
  }
  if (isWrong) wrong('psend and precv: different lengths', 2, 'CountError', body)
  else right('psend and precv: one length, cut differently', 2, body)
}

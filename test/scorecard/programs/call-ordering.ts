import { type Body, type Finding, LONG, type Steps, Writer } from '../program.js'
import type { Comm, Win } from './types.js'

const { programs, wrong, right } = new Writer('call ordering')

export { programs as callOrdering }

const DEADLOCK: Finding = 'DeadlockError'
const next = ({ rank, size }: Comm): number => (rank + 1) % size
const previous = ({ rank, size }: Comm): number => (rank + size - 1) % size

// Rings
for (const ranks of [2, 3, 4, 5]) {
  const inJob = ranks === 3 ? { job: ['--timeout', '60'] } : {}
  wrong(
    `a ring of ${ranks}: all receive, then send`,
    ranks,
    DEADLOCK,
    function* (comm) {
      yield comm.irecv({ source: previous(comm) })
      yield comm.isend(comm.rank, { dest: next(comm) })
    },
    inJob
  )
  wrong(
    `a ring of ${ranks}: all send synchronously, then receive`,
    ranks,
    DEADLOCK,
    function* (comm) {
      yield comm.issend(comm.rank, { dest: next(comm) })
      yield comm.irecv({ source: previous(comm) })
    },
    inJob
  )
  // Of two ranks the next is the previous, and this is an exchange.
  if (ranks > 2)
    wrong(`a ring of ${ranks}: all receive from the rank that they send to`, ranks, DEADLOCK, function* (comm) {
      yield comm.isend(comm.rank, { dest: next(comm), tag: comm.rank })
      yield comm.irecv({ source: next(comm), tag: next(comm) })
    })
  right(
    `a ring of ${ranks}: one sends first`,
    ranks,
    function* (comm) {
      if (comm.rank > 0) {
        yield comm.irecv({ source: previous(comm) })
        yield comm.issend(comm.rank, { dest: next(comm) })
      } else {
        yield comm.issend(comm.rank, { dest: next(comm) })
        return yield comm.irecv({ source: previous(comm) })
      }
    },
    inJob
  )
  right(`a ring of ${ranks}: all exchange`, ranks, function* (comm) {
    return yield comm.isendrecv(comm.rank, { dest: next(comm), source: previous(comm) })
  })
  right(
    `a ring of ${ranks}: all have a receive under way, then send`,
    ranks,
    function* (comm) {
      const received = comm.irecv({ source: previous(comm) })
      yield comm.issend(comm.rank, { dest: next(comm) })
      return yield received
    },
    inJob
  )
}
wrong(
  'two ranks wait for each other, two others exchange',
  4,
  DEADLOCK,
  function* (comm) {
    const peer = comm.rank ^ 1
    if (comm.rank < 2) yield comm.irecv({ source: peer })
    else for (let k = 0; k < 5; k++) yield comm.isendrecv(k, { dest: peer, source: peer })
  },
  { job: ['--timeout', '60'] }
)
right(
  'two pairs exchange at different times',
  4,
  function* (comm) {
    const peer = comm.rank ^ 1
    if (comm.rank < 2) yield 5
    for (let k = 0; k < 5; k++) yield comm.isendrecv(k, { dest: peer, source: peer })
  },
  { job: ['--strict'] }
)
wrong(
  'two ranks wait for each other, and a timer of a third runs out',
  3,
  DEADLOCK,
  function* (comm) {
    if (comm.rank === 2) yield 50
    else yield comm.irecv({ source: comm.rank ^ 1 })
  },
  { job: ['--timeout', '60'] }
)
wrong('a receive of a rank that never sends', 2, DEADLOCK, function* (comm) {
  if (comm.rank === 0) yield comm.irecv({ source: 1 })
})
wrong('a receive of itself, before it sends', 1, DEADLOCK, function* (comm) {
  yield comm.irecv({ source: 0 })
  yield comm.isend(1, { dest: 0 })
})
wrong('one receive more than there are messages', 3, DEADLOCK, function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else for (let k = 0; k < 3; k++) yield comm.irecv()
})
wrong('the messages of a synchronous sender are received in the other order', 2, DEADLOCK, function* (comm) {
  if (comm.rank === 0) for (const tag of [1, 2]) yield comm.issend(tag, { dest: 1, tag })
  else for (const tag of [2, 1]) yield comm.irecv({ source: 0, tag })
})
right('the messages of a synchronous sender are received in its order', 2, function* (comm) {
  if (comm.rank === 0) for (const tag of [1, 2]) yield comm.issend(tag, { dest: 1, tag })
  else for (const tag of [1, 2]) yield comm.irecv({ source: 0, tag })
})
right('synchronous sends under way are received in the other order', 2, function* (comm) {
  if (comm.rank === 0) {
    const sent = [1, 2].map((tag) => comm.issend(tag, { dest: 1, tag }))
    for (const one of sent) yield one
  } else for (const tag of [2, 1]) yield comm.irecv({ source: 0, tag })
})
right(
  'a receive that waits until a timer of the sender runs out',
  2,
  function* (comm) {
    if (comm.rank === 0) {
      yield 40
      yield comm.isend('late', { dest: 1 })
    } else return yield comm.irecv({ source: 0 })
  },
  { job: ['--strict'] }
)

// A timer that never ends: nobody can prove anything
const stalled = { jobOnly: true, job: ['--stall-notice', '1', '--timeout', '8'] }
const endless = (): void => void setInterval(() => undefined, 100)
wrong(
  'two ranks wait for each other beside a timer of their own',
  2,
  'stall notice',
  function* (comm) {
    endless()
    yield comm.irecv({ source: 1 - comm.rank })
  },
  stalled
)
wrong(
  'an answer comes under another tag beside a timer',
  2,
  'stall notice',
  function* (comm) {
    endless()
    if (comm.rank === 0) {
      yield comm.isend('question', { dest: 1 })
      yield comm.irecv({ source: 1, tag: 5 })
    } else {
      yield comm.irecv({ source: 0 })
      yield comm.isend('answer', { dest: 0, tag: 6 })
    }
  },
  stalled
)
wrong(
  'a rank leaves out a barrier beside a timer',
  3,
  'stall notice',
  function* (comm) {
    if (comm.rank === 2) {
      endless()
      yield comm.irecv({ source: 0 })
    } else yield comm.ibarrier()
  },
  stalled
)

// Collectives that some leave out, or call in another order
const calls: Record<string, (comm: Comm) => unknown> = {
  barrier: (comm) => comm.ibarrier(),
  bcast: (comm) => comm.ibcast(comm.rank, { root: 1 }),
  scatter: (comm) => comm.iscatter([1, 2, 3], { root: 1 }),
  gather: (comm) => comm.igather(comm.rank, { root: 1 }),
  allgather: (comm) => comm.iallgather(comm.rank),
  alltoall: (comm) => comm.ialltoall([1, 2, 3]),
  reduce: (comm) => comm.ireduce(1, undefined, { root: 1 }),
  allreduce: (comm) => comm.iallreduce(1),
  scan: (comm) => comm.iscan(1),
  reduceScatter: (comm) => comm.ireduceScatter([1, 2, 3]),
  dup: (comm) => comm.idup()
}
const kinds = Object.entries(calls)
for (const [k, [name, call]] of kinds.entries()) {
  wrong(`${name}: one rank leaves it out`, 3, DEADLOCK, function* (comm) {
    if (comm.rank !== 1) yield call(comm)
  })
  const [other, otherCall] = kinds[(k + 1) % kinds.length]!
  wrong(
    `${name} and ${other}: one rank calls the one where the others call the other`,
    3,
    'CollectiveMismatchError',
    function* (comm) {
      yield (comm.rank === 1 ? call : otherCall)(comm)
      yield comm.ibarrier()
    },
    name === 'allreduce' ? { job: ['--timeout', '60'] } : {}
  )
  if (name === 'dup' || other === 'dup') continue
  wrong(`${name} and ${other}: one rank calls them in the other order`, 3, 'CollectiveMismatchError', function* (comm) {
    for (const one of comm.rank === 2 ? [otherCall, call] : [call, otherCall]) yield one(comm)
    yield comm.ibarrier()
  })
  right(`${name} and ${other}: all call them in one order`, 3, function* (comm) {
    for (const one of [call, otherCall, otherCall, call]) yield one(comm)
  })
  right(
    `${name}: ranks come to it at different times`,
    3,
    function* (comm) {
      yield 1 + 3 * comm.rank
      return yield call(comm)
    },
    name === 'gather' ? { job: ['--strict'] } : {}
  )
}
wrong('a collective here, a receive of the same rank there', 2, DEADLOCK, function* (comm) {
  if (comm.rank === 0) {
    yield comm.ibarrier()
    yield comm.isend(1, { dest: 1 })
  } else {
    yield comm.irecv({ source: 0 })
    yield comm.ibarrier()
  }
})
right('a collective under way, and a message meanwhile', 2, function* (comm) {
  if (comm.rank === 0) {
    const barrier = comm.ibarrier()
    yield comm.isend(1, { dest: 1 })
    yield barrier
  } else {
    yield comm.irecv({ source: 0 })
    yield comm.ibarrier()
  }
})
wrong('collectives of two communicators in the other order', 2, DEADLOCK, function* (comm) {
  using other: Comm = yield comm.idup()
  for (const one of comm.rank === 0 ? [comm, other] : [other, comm]) yield one.ibarrier()
})
right('collectives of two communicators are under way together, in the other order', 2, function* (comm) {
  const other: Comm = yield comm.idup()
  const both = (comm.rank === 0 ? [comm, other] : [other, comm]).map((one) => one.ibarrier())
  for (const one of both) yield one
  other.free()
})
wrong('a branch: only even ranks call the barrier', 4, DEADLOCK, function* (comm) {
  if (comm.rank % 2 === 0) yield comm.ibarrier()
})
right('a branch: even ranks have a communicator, and call its barrier', 4, function* (comm) {
  const half = (yield comm.isplit(comm.rank % 2 === 0 ? 0 : undefined)) as Comm | undefined
  if (half !== undefined) yield half.ibarrier()
  half?.free()
})
wrong('a loop: one rank takes one round more', 3, DEADLOCK, function* (comm) {
  for (let k = 0; k < (comm.rank === 1 ? 4 : 3); k++) yield comm.iallreduce(k)
})
right('a loop: all take the rounds that the sum says', 3, function* (comm) {
  for (let sum = 0; sum < 12; ) sum += yield comm.iallreduce(1)
})

// Locks, epochs, partitions
wrong('a mutex is taken twice by one rank', 2, DEADLOCK, function* (comm, { Mutex }) {
  const mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm)
  if (comm.rank === 1) for (let k = 0; k < 2; k++) yield mutex.iacquire()
})
right('a recursive mutex is taken twice by one rank', 2, function* (comm, { Mutex }) {
  const mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm, { recursive: true })
  for (let k = 0; k < 2; k++) yield mutex.iacquire()
  for (let k = 0; k < 2; k++) mutex.release()
  yield mutex.iclose()
})
for (const isWrong of [true, false]) {
  const body: Body = function* (comm, { Mutex }): Steps {
    const [a, b]: InstanceType<typeof Mutex>[] = [yield Mutex.icreate(comm), yield Mutex.icreate(comm)]
    const order = isWrong && comm.rank === 1 ? [b, a] : [a, b]
    for (const mutex of order) {
      yield mutex!.iacquire()
      yield 5
    }
    for (const mutex of order) mutex!.release()
    for (const mutex of [a, b]) yield mutex!.iclose()
    return undefined
  }
  if (isWrong) wrong('two ranks take two mutexes in the other order', 2, DEADLOCK, body)
  else right('two ranks take two mutexes in one order', 2, body)
}
wrong('a window: start, and nobody posts', 2, DEADLOCK, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  if (comm.rank === 0) yield win.istart(comm.group.include([1]))
})
wrong('a window: post, and nobody completes', 2, DEADLOCK, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  if (comm.rank === 0) {
    yield win.ipost(comm.group.include([1]))
    yield win.iwait()
  }
})
wrong('a window: one rank leaves out a fence', 2, DEADLOCK, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  yield win.ifence()
  if (comm.rank === 0) yield win.ifence()
})
right('a window: post and wait here, start and complete there', 2, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  const peer = comm.group.include([1 - comm.rank])
  if (comm.rank === 0) {
    yield win.ipost(peer)
    yield win.iwait()
  } else {
    yield win.istart(peer)
    win.iput(Float64Array.of(7), { target: 0 })
    yield win.icomplete()
  }
  yield win.iclose()
  return win.local[0]
})
wrong('a partition is never ready', 2, DEADLOCK, function* (comm) {
  if (comm.rank === 0) {
    const out = comm.psendInit(new Float64Array(4), { dest: 1, partitions: 2 })
    const sent = out.start()
    out.ready(0)
    yield sent
  } else yield comm.precvInit({ source: 0, into: new Float64Array(4), partitions: 2 }).start()
})
wrong('a condition that nobody notifies', 2, DEADLOCK, function* (comm, { Condition }) {
  const condition: InstanceType<typeof Condition> = yield Condition.icreate(comm)
  if (comm.rank === 0) {
    yield condition.iacquire()
    yield condition.iwait()
  }
})
wrong('a long message to a rank that receives another first', 2, DEADLOCK, function* (comm) {
  if (comm.rank === 0) {
    yield comm.issend(new Float64Array(LONG), { dest: 1, tag: 1 })
    yield comm.isend('after', { dest: 1, tag: 2 })
  } else {
    yield comm.irecv({ source: 0, tag: 2 })
    yield comm.irecv({ source: 0, tag: 1 })
  }
})

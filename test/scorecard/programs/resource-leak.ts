import { type Body, type Steps, Writer } from '../program.js'
import type { Cart, Comm, Halo, Win } from './types.js'

const { programs, wrong, right } = new Writer('resource leak')

export { programs as resourceLeak }

interface Freeable {
  free(): void
}

/** What is made and has to be freed: with the program that makes it. */
const makers: Record<string, (comm: Comm, tools: Parameters<Body>[1]) => unknown> = {
  'a dup': (comm) => comm.idup(),
  'a split': (comm) => comm.isplit(comm.rank % 2),
  'a split by host': (comm) => comm.isplitType('host'),
  'a communicator of a group': (comm) => comm.icreate(comm.group.include([1, 0])),
  'a communicator that its group made': (comm) => comm.icreateGroup(comm.group),
  'a grid': (comm) => comm.icart({ dims: [2] }),
  'a graph': (comm) => comm.igraph({ sources: [1 - comm.rank], dests: [1 - comm.rank] }),
  'a window': (comm) => comm.iwindow(new Float64Array(2)),
  'a window of shared memory': (comm) => comm.iallocateWindow(Float64Array, 2),
  'a file': (comm) => comm.iopen('made.bin', 'w+'),
  'a mutex': (comm, { Mutex }) => Mutex.icreate(comm),
  'a counter': (comm, { Counter }) => Counter.icreate(comm),
  'a semaphore': (comm, { Semaphore }) => Semaphore.icreate(comm, { value: 1 }),
  'a condition': (comm, { Condition }) => Condition.icreate(comm)
}
for (const [what, make] of Object.entries(makers)) {
  wrong(`${what} is not freed`, 2, 'left: not freed', function* (comm, tools) {
    yield make(comm, tools)
  })
  wrong(`${what} is not freed on one rank`, 2, 'left: not freed', function* (comm, tools) {
    const made: Freeable = yield make(comm, tools)
    yield comm.ibarrier()
    if (comm.rank === 0) made.free()
  })
  right(`${what} is freed`, 2, function* (comm, tools) {
    const made: Freeable = yield make(comm, tools)
    yield comm.ibarrier()
    made.free()
  })
  right(`${what} is freed where something is thrown, too`, 2, function* (comm, tools) {
    try {
      using _made: Disposable = yield make(comm, tools)
      yield comm.ibarrier()
      throw new RangeError('on purpose')
    } catch (error) {
      return (error as Error).message
    }
  })
}

wrong('a halo is not freed', 2, 'left: not freed', function* (comm) {
  const cart: Cart = yield comm.icart({ dims: [2] })
  cart.halo({ sizes: [4] })
  yield comm.ibarrier()
})
right('a halo is freed with its grid', 2, function* (comm) {
  const cart: Cart = yield comm.icart({ dims: [2] })
  const halo: Halo = cart.halo({ sizes: [4] })
  yield halo.iexchange(halo.allocate(Float64Array))
  halo.free()
  cart.free()
})
wrong('a parent is freed and its child is not', 2, 'left: not freed', function* (comm) {
  const parent: Comm = yield comm.idup()
  yield parent.idup()
  parent.free()
})
right('a list of communicators is freed', 3, function* (comm) {
  const made: Comm[] = []
  for (let k = 0; k < 4; k++) made.push(yield comm.idup())
  for (const one of made) one.free()
})
right('a communicator that only some ranks are in is freed there', 3, function* (comm) {
  const few = (yield comm.isplit(comm.rank === 0 ? undefined : 1)) as Comm | undefined
  few?.free()
})

// Locks
wrong('a lock of a part is not released', 2, 'left: lock', function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  if (comm.rank === 0) yield win.ilock(1)
  yield comm.ibarrier()
})
right('a lock of a part is released', 2, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(1))
  yield win.ilock(1 - comm.rank, { shared: true })
  yield win.iunlock(1 - comm.rank)
  yield win.iclose()
})
wrong('a mutex is still held', 2, 'left: lock', function* (comm, { Mutex }) {
  const mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm)
  if (comm.rank === 1) yield mutex.iacquire()
  yield comm.ibarrier()
})
right('a mutex is released', 2, function* (comm, { Mutex }) {
  const mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm)
  const held: { release(): void } = yield mutex.iacquire()
  held.release()
  yield mutex.iclose()
})

// Messages
const letters: Record<string, unknown> = {
  'a number': 7,
  'a list': [1, 2, 3],
  'an object': { a: 1 },
  'an array': Float64Array.of(1, 2),
  nothing: undefined
}
for (const [what, data] of Object.entries(letters)) {
  wrong(`${what} is never received`, 2, 'left: message', function* (comm) {
    if (comm.rank === 0) yield comm.isend(data, { dest: 1, tag: 3 })
    yield comm.ibarrier()
  })
  right(`${what} is received`, 2, function* (comm) {
    if (comm.rank === 0) yield comm.isend(data, { dest: 1, tag: 3 })
    else yield comm.irecv({ source: 0 })
  })
}
wrong('one of three messages is never received', 4, 'left: message', function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else for (let k = 0; k < 2; k++) yield comm.irecv()
})
right('as many messages are received as are sent', 4, function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else for (let k = 1; k < comm.size; k++) yield comm.irecv()
})
wrong('a message to itself is never received', 1, 'left: message', function* (comm) {
  yield comm.isend('note', { dest: 0 })
})
wrong('a message is probed for, and not received', 2, 'left: message', function* (comm) {
  if (comm.rank === 0) yield comm.isend('x', { dest: 1 })
  else {
    yield 3
    return comm.iprobe() !== undefined
  }
})
right('a message is taken by a probe, and received', 2, function* (comm) {
  if (comm.rank === 0) yield comm.isend('x', { dest: 1 })
  else {
    let message = comm.improbe()
    for (; message === undefined; message = comm.improbe()) yield 1
    return yield message.irecv()
  }
})
wrong('a message is taken by a probe, and not received', 2, 'left: message', function* (comm) {
  if (comm.rank === 0) yield comm.isend('x', { dest: 1 })
  else {
    while (comm.improbe() === undefined) yield 1
  }
})
wrong('a receive is cancelled though its message comes', 2, 'left: message', function* (comm) {
  if (comm.rank === 0) yield comm.isend('x', { dest: 1 })
  else comm.irecv({ source: 0 }).cancel()
})
right('a receive is cancelled, for nobody sends', 2, function* (comm) {
  if (comm.rank === 1) comm.irecv({ source: 0 }).cancel()
  yield comm.ibarrier()
})
for (const tag of [0, 9]) {
  wrong(`a message of another communicator is never received, tag ${tag}`, 2, 'left: message', crossed(tag, false))
  right(`a message is received on the communicator that it was sent on, tag ${tag}`, 2, crossed(tag, true))
}
function crossed(tag: number, isReceived: boolean): Body {
  return function* (comm): Steps {
    const other: Comm = yield comm.idup()
    if (comm.rank === 0) yield other.isend('x', { dest: 1, tag })
    else if (isReceived) yield other.irecv({ source: 0, tag })
    yield comm.ibarrier()
    if (isReceived) other.free()
    return undefined
  }
}

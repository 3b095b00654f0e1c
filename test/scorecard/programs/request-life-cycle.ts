import { type Body, LONG, Writer } from '../program.js'
import type { Cart, Comm, Win } from './types.js'

const { programs, wrong, right } = new Writer('request life cycle')

export { programs as requestLifeCycle }

// The wait is missing
const collectives: Record<string, (comm: Comm) => unknown> = {
  ibarrier: (comm) => comm.ibarrier(),
  ibcast: (comm) => comm.ibcast(comm.rank === 0 ? 'a' : undefined),
  iscatter: (comm) => comm.iscatter([1, 2]),
  igather: (comm) => comm.igather(comm.rank),
  iallgather: (comm) => comm.iallgather(comm.rank),
  ialltoall: (comm) => comm.ialltoall([1, 2]),
  ireduce: (comm) => comm.ireduce(1),
  iallreduce: (comm) => comm.iallreduce(1),
  iscan: (comm) => comm.iscan(1),
  ireduceScatter: (comm) => comm.ireduceScatter([1, 2]),
  'iallgather into': (comm) => comm.iallgather(Float64Array.of(1), { into: new Float64Array(2) })
}
for (const [name, call] of Object.entries(collectives)) {
  wrong(`${name}: nobody waits for it`, 2, 'left: request', function* (comm) {
    call(comm)
    yield 1
  })
  right(`${name}: it is waited for later`, 2, function* (comm) {
    const request = call(comm)
    yield 1
    yield request
  })
}
wrong('irecv: nobody waits for it', 2, 'left: request', function* (comm) {
  if (comm.rank === 0) yield comm.isend(1, { dest: 1 })
  else comm.irecv({ source: 0 })
})
wrong('irecv into: nobody waits for it, and its memory is used', 2, 'left: request', function* (comm) {
  const into = new Float64Array(1)
  if (comm.rank === 0) yield comm.isend(Float64Array.of(1), { dest: 1 })
  else {
    comm.irecv({ source: 0, into })
    yield 2
    return into[0]
  }
})
wrong('isendrecv: nobody waits for it', 2, 'left: request', function* (comm) {
  comm.isendrecv(1, { dest: 1 - comm.rank, source: 1 - comm.rank })
  yield 1
})
wrong('irecv of two: only one is waited for', 2, 'left: request', function* (comm) {
  const peer = 1 - comm.rank
  const requests = [0, 1].map((tag) => comm.irecv({ source: peer, tag }))
  for (const tag of [0, 1]) comm.isend(tag, { dest: peer, tag })
  yield requests[0]
})
wrong('halo.iexchange: nobody waits for it', 2, 'left: request', function* (comm) {
  const cart: Cart = yield comm.icart({ dims: [2] })
  const halo = cart.halo({ sizes: [3] })
  halo.iexchange(halo.allocate(Float64Array))
  yield 9
  halo.free()
  cart.free()
})
wrong('a start of recvInit: nobody waits for it', 2, 'left: request', function* (comm) {
  if (comm.rank === 0) yield comm.isend(Float64Array.of(1), { dest: 1 })
  else {
    using again = comm.recvInit({ source: 0, into: new Float64Array(1) })
    again.start()
    yield 2
  }
})
right('irecv: tested until it is there', 2, function* (comm) {
  if (comm.rank === 0) yield comm.isend(1, { dest: 1 })
  else {
    const request = comm.irecv<number>({ source: 0 })
    while (!request.test()) yield 1
    return request.value
  }
})
right('irecv: the first of two is waited for, then the other', 2, function* (comm, { Request }) {
  const peer = 1 - comm.rank
  const requests = [0, 1].map((tag) => comm.irecv({ source: peer, tag }))
  for (const tag of [0, 1]) comm.isend(tag, { dest: peer, tag })
  while (!Request.testAll(requests)) yield 1
  return requests.map(({ value }) => value)
})
right('irecv: one is cancelled, and the other has the message', 2, function* (comm) {
  if (comm.rank === 0) {
    yield comm.irecv({ source: 1 })
    yield comm.isend('late', { dest: 1 })
  } else {
    const first = comm.irecv({ source: 0 })
    first.cancel()
    yield comm.isend('go', { dest: 0 })
    return yield comm.irecv({ source: 0 })
  }
})
right('isend: dropped, as a message whose data is not touched any more', 2, function* (comm) {
  if (comm.rank === 0) comm.isend(new Float64Array(LONG), { dest: 1 })
  else yield comm.irecv({ source: 0 })
})
right('isend: a request that is waited for twice', 2, function* (comm) {
  if (comm.rank === 0) {
    const sent = comm.isend('a', { dest: 1 })
    yield sent
    yield sent
  } else yield comm.irecv()
})
right('put: dropped, and completed by a flush', 2, function* (comm) {
  const win: Win = yield comm.iwindow(new Float64Array(2))
  win.iput(Float64Array.of(1), { target: 1 - comm.rank })
  yield win.iflush()
  yield win.iclose()
})

// Persistent calls
const peerOf = ({ rank }: Comm): number => 1 - rank
wrong('recvInit: started while it is active', 2, 'RequestError', function* (comm) {
  using again = comm.recvInit({ source: peerOf(comm), into: new Float64Array(1) })
  again.start()
  yield again.start()
})
wrong('sendInit: started while it is active', 2, 'RequestError', function* (comm) {
  if (comm.rank === 0) {
    using again = comm.ssendInit(new Float64Array(4), { dest: 1 })
    again.start()
    yield again.start()
  } else yield comm.irecv()
})
wrong('allreduceInit: started while it is active', 2, 'RequestError', function* (comm, { SUM }) {
  using again = comm.allreduceInit(Float64Array.of(1), SUM, { into: new Float64Array(1) })
  again.start()
  yield again.start()
})
wrong('startAll: one is active', 2, 'RequestError', function* (comm, { Persistent }) {
  using one = comm.recvInit({ source: peerOf(comm), tag: 1, into: new Float64Array(1) })
  using other = comm.recvInit({ source: peerOf(comm), tag: 2, into: new Float64Array(1) })
  other.start()
  Persistent.startAll([one, other])
  yield 1
})
wrong('startAll: the same twice', 2, 'RequestError', function* (comm, { Persistent }) {
  using one = comm.recvInit({ source: peerOf(comm), into: new Float64Array(1) })
  Persistent.startAll([one, one])
  yield 1
})
for (const [name, make] of Object.entries({
  sendInit: (comm) => comm.sendInit(new Float64Array(1), { dest: peerOf(comm) }),
  recvInit: (comm) => comm.recvInit({ source: peerOf(comm), into: new Float64Array(1) }),
  barrierInit: (comm) => comm.barrierInit(),
  psendInit: (comm) => comm.psendInit(new Float64Array(4), { dest: peerOf(comm), partitions: 2 })
} satisfies Record<string, (comm: Comm) => { start(): unknown; free(): void }>)) {
  wrong(`${name}: started after it was freed`, 2, 'FreedError', function* (comm) {
    const again = make(comm)
    again.free()
    yield again.start()
  })
  right(`${name}: made, freed twice and never started`, 2, function* (comm) {
    const again = make(comm)
    again.free()
    again.free()
    yield 1
  })
}
wrong('recvInit: it is never started', 2, 'left: message', function* (comm) {
  if (comm.rank === 0) yield comm.isend(Float64Array.of(1), { dest: 1 })
  else {
    using _never = comm.recvInit({ source: 0, into: new Float64Array(1) })
    yield 2
  }
})
wrong('sendInit: it is never started', 2, 'DeadlockError', function* (comm) {
  if (comm.rank === 0) {
    using _never = comm.sendInit(new Float64Array(1), { dest: 1 })
    yield 2
  } else yield comm.irecv({ source: 0 })
})
wrong('allreduceInit: one rank never starts it', 2, 'DeadlockError', function* (comm, { SUM }) {
  using again = comm.allreduceInit(Float64Array.of(1), SUM, { into: new Float64Array(1) })
  if (comm.rank === 0) yield again.start()
})
for (const [name, isLong] of [
  ['short', false],
  ['long', true]
] as const) {
  right(`sendInit and recvInit: started again and again, ${name}`, 2, function* (comm) {
    const [own, theirs] = [new Float64Array(isLong ? LONG : 2), new Float64Array(isLong ? LONG : 2)]
    using sends = comm.sendInit(own, { dest: peerOf(comm) })
    using receives = comm.recvInit({ source: peerOf(comm), into: theirs })
    for (let k = 0; k < 3; k++) {
      own.fill(k)
      const [received, sent] = [receives.start(), sends.start()]
      yield received
      yield sent
    }
    return theirs[1]
  })
}
right('allreduceInit: started again when it is complete', 2, function* (comm, { SUM }) {
  const [own, all] = [new Float64Array(1), new Float64Array(1)]
  using again = comm.allreduceInit(own, SUM, { into: all })
  for (own[0] = 0; own[0] < 3; own[0]++) yield again.start()
  return all[0]
})

// Partitions
const partitioned = (
  name: string,
  finds: 'RequestError' | 'CountError' | 'DeadlockError',
  act: (out: ReturnType<Comm['psendInit']>) => void
): void =>
  wrong(`psend: ${name}`, 2, finds, function* (comm) {
    if (comm.rank === 0) {
      using out = comm.psendInit(new Float64Array(4), { dest: 1, partitions: 4 })
      act(out)
      if (finds === 'DeadlockError') yield out.start()
    } else {
      using inn = comm.precvInit({ source: 0, into: new Float64Array(4), partitions: 2 })
      yield inn.start()
    }
  } as Body)
partitioned('a partition is ready before the start', 'RequestError', (out) => out.ready(0))
partitioned('a partition is ready twice', 'RequestError', (out) => {
  out.start()
  out.ready(1)
  out.ready(1)
})
partitioned('a partition that there is not is ready', 'CountError', (out) => {
  out.start()
  out.ready(4)
})
partitioned('no partition is ever ready', 'DeadlockError', () => undefined)
right('psend: partitions become ready in any order', 2, function* (comm) {
  if (comm.rank === 0) {
    using out = comm.psendInit(Float64Array.of(1, 2, 3, 4), { dest: 1, partitions: 4 })
    const sent = out.start()
    for (const k of [3, 1, 0, 2]) out.ready(k)
    yield sent
  } else {
    const into = new Float64Array(4)
    using inn = comm.precvInit({ source: 0, into, partitions: 2 })
    yield inn.start()
    return [...into]
  }
})

// What is given back
wrong('a probed message is received twice', 2, 'ArgumentError', function* (comm) {
  if (comm.rank === 0) yield comm.isend('a', { dest: 1 })
  else {
    yield 3
    const message = comm.improbe()!
    yield message.irecv()
    yield message.irecv()
  }
})
wrong('a mutex is released by who does not hold it', 2, 'RequestError', function* (comm, { Mutex }) {
  using mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm)
  mutex.release()
})
wrong('a lock is released twice', 2, 'RequestError', function* (comm, { Mutex }) {
  using mutex: InstanceType<typeof Mutex> = yield Mutex.icreate(comm)
  const held: { release(): void } = yield mutex.iacquire()
  held.release()
  held.release()
})
wrong('a semaphore is released above its value', 2, 'CountError', function* (comm, { Semaphore }) {
  using semaphore: InstanceType<typeof Semaphore> = yield Semaphore.icreate(comm, { value: 1 })
  yield semaphore.irelease()
})
right('a semaphore is acquired and released by all', 3, function* (comm, { Semaphore }) {
  const semaphore: InstanceType<typeof Semaphore> = yield Semaphore.icreate(comm, { value: 2 })
  yield semaphore.iacquire()
  yield 1
  yield semaphore.irelease()
  yield semaphore.iclose()
})

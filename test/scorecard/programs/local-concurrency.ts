import { type Body, LONG, type Steps, Writer } from '../program.js'
import type { Cart, Comm, FileOf, Win } from './types.js'

const { programs, wrong, right } = new Writer('local concurrency')

export { programs as localConcurrency }

type Touch = (memory: Float64Array | Uint8Array, at?: number) => void

/**
 * Programs that touch memory which a call is on: when it is under way, which is wrong, and when it is done. What waits is waited for in
 * between.
 */
function pair(name: string, ranks: number, body: (comm: Comm, tools: Parameters<Body>[1], touch: Touch) => Steps, more = {}): void {
  const run = (isEarly: boolean): Body =>
    function* (comm, tools) {
      const late: (() => void)[] = []
      yield* body(comm, tools, (memory, at = 0) => {
        const change = (): void => {
          memory[at]! += 5
        }
        if (isEarly) change()
        else late.push(change)
      })
      for (const change of late) change()
    }
  wrong(`${name}, while it is under way`, ranks, 'AliasError', run(true), more)
  right(`${name}, when it is done`, ranks, run(false), more)
}

// What is sent
for (const [name, length] of [
  ['isend', LONG],
  ['issend', 4],
  ['issend', LONG]
] as const) {
  for (const at of [0, length - 1]) {
    pair(`${name} of ${length}: element ${at} of the data is changed`, 2, function* (comm, _, touch) {
      const data = new Float64Array(length)
      if (comm.rank === 0) {
        const sent = comm[name](data, { dest: 1 })
        touch(data, at)
        yield sent
      } else yield comm.irecv({ source: 0 })
    })
  }
}
pair('isend of a view: one of its elements is changed', 2, function* (comm, { view, vector }, touch) {
  const memory = new Float64Array(2 * LONG)
  if (comm.rank === 0) {
    const sent = comm.isend(view(memory, vector(LONG, 1, 2)), { dest: 1 })
    touch(memory, 4)
    yield sent
  } else yield comm.irecv({ source: 0 })
})
right('isend of a view: what lies between its elements is changed', 2, function* (comm, { view, vector }) {
  const memory = new Float64Array(2 * LONG)
  if (comm.rank === 0) {
    const sent = comm.isend(view(memory, vector(LONG, 1, 2)), { dest: 1 })
    memory.forEach((_, k) => {
      if (k % 2 === 1) memory[k] = k
    })
    yield sent
  } else yield comm.irecv({ source: 0 })
})
right('isend of 4: the data, which has gone at once, is changed', 2, function* (comm) {
  const data = new Float64Array(4)
  if (comm.rank === 0) {
    const sent = comm.isend(data, { dest: 1 })
    data[0] = 1
    yield sent
  } else return yield comm.irecv({ source: 0 })
})
right('isend of a copy: the data is changed', 2, function* (comm) {
  const data = new Float64Array(LONG)
  if (comm.rank === 0) {
    const sent = comm.isend(data.slice(), { dest: 1 })
    data[0] = 1
    yield sent
  } else return ((yield comm.irecv({ source: 0 })) as Float64Array)[0]
})
right('isend of an object, which is encoded at once, that is changed', 2, function* (comm) {
  const data = { list: new Array<number>(LONG).fill(1) }
  if (comm.rank === 0) {
    const sent = comm.isend(data, { dest: 1 })
    data.list.length = 0
    yield sent
  } else return ((yield comm.irecv({ source: 0 })) as typeof data).list.length
})
right('isend of one half: the other is changed', 2, function* (comm) {
  const data = new Float64Array(2 * LONG)
  if (comm.rank === 0) {
    const sent = comm.isend(data.subarray(0, LONG), { dest: 1 })
    data.fill(3, LONG)
    yield sent
  } else yield comm.irecv({ source: 0 })
})
pair('sendInit: its data is changed', 2, function* (comm, _, touch) {
  const data = new Float64Array(LONG)
  if (comm.rank === 0) {
    using again = comm.sendInit(data, { dest: 1 })
    const sent = again.start()
    touch(data)
    yield sent
  } else yield comm.irecv({ source: 0 })
})
for (const isView of [false, true]) {
  pair(`psend${isView ? ' of a view' : ''}: a partition that is ready is changed`, 2, function* (comm, { view, vector }, touch) {
    const memory = new Float64Array(8)
    if (comm.rank === 0) {
      using out = comm.psendInit(isView ? view(memory, vector(4, 1, 2)) : memory, { dest: 1, partitions: 4 })
      const sent = out.start()
      out.ready(0)
      touch(memory)
      out.ready([1, 2, 3])
      yield sent
    } else {
      using inn = comm.precvInit({ source: 0, into: new Float64Array(isView ? 4 : 8), partitions: 2 })
      yield inn.start()
    }
  })
}
right('psend: a partition that is not ready yet is written', 2, function* (comm) {
  const memory = new Float64Array(4)
  if (comm.rank === 0) {
    using out = comm.psendInit(memory, { dest: 1, partitions: 4 })
    const sent = out.start()
    for (let k = 0; k < 4; k++) {
      memory[k] = k
      out.ready(k)
    }
    yield sent
  } else {
    using inn = comm.precvInit({ source: 0, into: memory, partitions: 1 })
    yield inn.start()
    return [...memory]
  }
})

// What is received into
for (const length of [2, LONG]) {
  pair(`irecv of ${length}: into is written`, 2, function* (comm, _, touch) {
    const into = new Float64Array(length)
    if (comm.rank === 1) {
      const received = comm.irecv({ source: 0, into })
      touch(into, 1)
      yield comm.isend('go', { dest: 0 })
      yield received
    } else {
      yield comm.irecv({ source: 1 })
      yield comm.isend(new Float64Array(length).fill(2), { dest: 1 })
    }
  })
}
right('irecv: into is read', 2, function* (comm) {
  const into = new Float64Array(2)
  if (comm.rank === 1) {
    const received = comm.irecv({ source: 0, into })
    const before = into[0]
    yield received
    return before
  }
  yield comm.isend(Float64Array.of(1, 2), { dest: 1 })
})
pair('recvInit: into is written', 2, function* (comm, _, touch) {
  const into = new Float64Array(2)
  if (comm.rank === 1) {
    using again = comm.recvInit({ source: 0, into })
    const received = again.start()
    touch(into)
    yield received
  } else yield comm.isend(Float64Array.of(1, 2), { dest: 1 })
})
pair('precv: a partition that has not come is written', 2, function* (comm, _, touch) {
  const into = new Float64Array(4)
  if (comm.rank === 0) {
    using out = comm.psendInit(Float64Array.of(1, 2, 3, 4), { dest: 1, partitions: 2 })
    const sent = out.start()
    out.ready(0)
    yield 5
    out.ready(1)
    yield sent
  } else {
    using inn = comm.precvInit({ source: 0, into, partitions: 2 })
    const received = inn.start()
    yield 4
    touch(into, 3)
    yield received
  }
})
const overlaps: [name: string, isWrong: boolean, second: [number, number]][] = [
  ['the same memory', true, [0, 4]],
  ['the last element', true, [3, 6]],
  ['memory next to it', false, [4, 8]]
]
for (const [name, isWrong, [from, to]] of overlaps) {
  const body: Body = function* (comm) {
    const memory = new Float64Array(8)
    const peer = 1 - comm.rank
    const requests = [
      comm.irecv({ source: peer, tag: 1, into: memory.subarray(0, 4) }),
      comm.irecv({ source: peer, tag: 2, into: memory.subarray(from, to) })
    ]
    for (const tag of [1, 2]) comm.isend(new Float64Array(2), { dest: peer, tag })
    for (const request of requests) yield request
  }
  if (isWrong) wrong(`two irecv: both into ${name}`, 2, 'AliasError', body)
  else right(`two irecv: the other into ${name}`, 2, body)
}
for (const isApart of [false, true]) {
  const body: Body = function* (comm) {
    const memory = new Float64Array(2 * LONG)
    const peer = 1 - comm.rank
    const sent = comm.isend(memory.subarray(0, LONG), { dest: peer })
    const received = comm.irecv({ source: peer, into: isApart ? memory.subarray(LONG) : memory })
    yield received
    yield sent
  }
  if (isApart) right('isend from one half of memory and irecv into the other', 2, body)
  else wrong('irecv into what an isend sends', 2, 'AliasError', body)
}
right('sendrecv: into is the data itself', 2, function* (comm) {
  const data = Float64Array.of(comm.rank)
  yield comm.isendrecv(data, { dest: 1 - comm.rank, source: 1 - comm.rank, into: data })
  return data[0]
})
wrong('irecv into a view whose elements overlap', 2, 'AliasError', function* (comm, { view, vector }) {
  yield comm.irecv({ source: 0, into: view(new Float64Array(8), vector(3, 3, 2)) })
})
right('irecv into columns beside each other', 2, function* (comm, { view, vector }) {
  const memory = new Float64Array(6)
  const peer = 1 - comm.rank
  const requests = [0, 1].map((offset) => comm.irecv({ source: peer, tag: offset, into: view(memory, vector(3, 1, 2), { offset }) }))
  for (const tag of [0, 1]) comm.isend(Float64Array.of(tag, tag, tag), { dest: peer, tag })
  for (const request of requests) yield request
  return [...memory]
})

// Collectives
const collectives = ['iallreduce', 'iallgather', 'ialltoall', 'ireduceScatter', 'iscan'] as const
for (const name of collectives) {
  const call = (comm: Comm, data: Float64Array, into?: Float64Array): unknown =>
    (comm[name] as (data: Float64Array, ...more: unknown[]) => unknown).call(
      comm,
      data,
      ...(name === 'iallgather' || name === 'ialltoall' ? [{ into }] : [undefined, { into }])
    )
  pair(`${name}: its data is changed`, 2, function* (comm, _, touch) {
    const data = new Float64Array(8)
    const request = call(comm, data)
    if (comm.rank === 1) touch(data, 3)
    yield request
  })
  pair(`${name}: into is written`, 2, function* (comm, _, touch) {
    // It is under way until rank 0 has touched it.
    if (comm.rank === 1) yield comm.irecv({ source: 0 })
    const into = new Float64Array(16)
    const request = call(comm, new Float64Array(8), into.subarray(0, name === 'iallgather' ? 16 : name === 'ireduceScatter' ? 4 : 8))
    if (comm.rank === 0) {
      touch(into, 3)
      yield comm.isend('go', { dest: 1 })
    }
    yield request
  })
}
pair('ibcast: the root changes its data', 3, function* (comm, _, touch) {
  const data = new Float64Array(LONG)
  const request = comm.ibcast(data)
  if (comm.rank === 0) touch(data)
  yield request
})
for (const name of ['scatter', 'alltoall'] as const) {
  wrong(`${name}: into is the data`, 2, 'AliasError', function* (comm) {
    const data = new Float64Array(4)
    yield name === 'scatter' ? comm.iscatter(data, { into: data }) : comm.ialltoall(data, { into: data })
  })
}
wrong('allreduce: into begins in the middle of the data', 2, 'AliasError', function* (comm, { SUM }) {
  const memory = new Float64Array(6)
  yield comm.iallreduce(memory.subarray(0, 4), SUM, { into: memory.subarray(2, 6) })
})
right('allreduce: into is the data', 2, function* (comm, { SUM }) {
  const data = Float64Array.of(1, comm.rank)
  yield comm.iallreduce(data, SUM, { into: data })
  return [...data]
})
right('allgather: this rank gives a part of into', 2, function* (comm) {
  const into = new Float64Array(4)
  yield comm.iallgather(Float64Array.of(comm.rank, 1), { into })
  return [...into]
})

// Halos, windows, files
pair('halo: an owned cell that a neighbour gets is written', 2, function* (comm, _, touch) {
  using cart: Cart = yield comm.icart({ dims: [2] })
  using halo = cart.halo({ sizes: [6] })
  const u = halo.allocate(Float64Array)
  const exchanged = halo.iexchange(u)
  touch(u, halo.index(comm.rank === 0 ? 5 : 0))
  yield exchanged
})
right('halo: cells inside are read, and another array is written', 2, function* (comm) {
  using cart: Cart = yield comm.icart({ dims: [2] })
  using halo = cart.halo({ sizes: [6] })
  const [u, v] = [halo.allocate(Float64Array), halo.allocate(Float64Array)]
  const exchanged = halo.iexchange(u)
  for (let i = 1; i < 5; i++) v[halo.index(i)] = u[halo.index(i - 1)]! + u[halo.index(i + 1)]!
  yield exchanged
  return [...v]
})
for (const call of ['iput', 'iaccumulate'] as const) {
  pair(`${call}: its data is changed`, 2, function* (comm, _, touch) {
    const win: Win = yield comm.iwindow(new Float64Array(4))
    const data = Float64Array.of(1, 2)
    const done = win[call](data, { target: 1 - comm.rank })
    touch(data)
    yield done
    yield win.iclose()
  })
}
pair('iget: into is written', 2, function* (comm, _, touch) {
  const win: Win = yield comm.iwindow(Float64Array.of(1, 2))
  const into = new Float64Array(2)
  const got = win.iget({ target: 1 - comm.rank, into })
  touch(into)
  yield got
  yield win.iclose()
})
const files = { files: { 'a.bin': new Uint8Array(16) }, disk: { latency: 1 } }
pair(
  'iwrite: its data is changed',
  2,
  function* (comm, _, touch) {
    using file: FileOf = yield comm.iopen('a.bin', 'r+')
    const data = new Uint8Array(4)
    const written = file.iwrite(data, { at: 4 * comm.rank })
    touch(data)
    yield written
  },
  files
)
for (const name of ['iread', 'ireadAll'] as const) {
  pair(
    `${name}: into is written`,
    2,
    function* (comm, _, touch) {
      using file: FileOf = yield comm.iopen('a.bin')
      const into = new Uint8Array(4)
      const read = file[name]({ at: 4 * comm.rank, into })
      touch(into)
      yield read
      yield comm.ibarrier()
    },
    files
  )
}

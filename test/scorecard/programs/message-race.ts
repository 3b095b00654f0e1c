import { take, toArray } from 'rxjs'
import { Writer } from '../program.js'
import type { Comm, Taken } from './types.js'

const { programs, wrong, right } = new Writer('message race')

export { programs as messageRace }

// biome-ignore lint/suspicious/noExplicitAny: of a timer it gets nothing
function* probed(comm: Comm): Generator<number, Taken, any> {
  for (;;) {
    const found = comm.improbe<number>()
    if (found !== undefined) return found
    yield 1
  }
}

/** Something of each rank that no other has, and whose sum depends on its order. */
const part = (rank: number): number => [0, 0.1, 0.2, 0.3, 1e16, -1e16][rank % 6]!
const job = ['--races', '--check', '--timeout', '30']

for (const ranks of [3, 4, 5, 6]) {
  wrong(
    `the first of ${ranks - 1} that comes is the winner`,
    ranks,
    'another result',
    function* (comm) {
      if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
      else {
        const winner: number = yield comm.irecv()
        for (let k = 2; k < ranks; k++) yield comm.irecv()
        return winner
      }
    },
    ranks === 3 ? { job, jobFinds: 'race' } : {}
  )
  wrong(`${ranks - 1} parts are kept in the order in which they come`, ranks, 'another result', function* (comm) {
    if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
    else {
      const parts: number[] = []
      for (let k = 1; k < ranks; k++) parts.push(yield comm.irecv())
      return parts
    }
  })
  right(`${ranks - 1} parts are put where their status says`, ranks, function* (comm, { Status }) {
    if (comm.rank > 0) yield comm.isend(`part ${comm.rank}`, { dest: 0 })
    else {
      const parts: string[] = []
      for (let k = 1; k < ranks; k++) {
        const status = new Status()
        const one: string = yield comm.irecv({ status })
        parts[status.source] = one
      }
      return parts
    }
  })
  right(
    `${ranks - 1} parts are received from their ranks`,
    ranks,
    function* (comm) {
      if (comm.rank > 0) yield comm.isend(part(comm.rank), { dest: 0 })
      else {
        let sum = 0
        for (let source = 1; source < ranks; source++) sum += yield comm.irecv<number>({ source })
        return sum
      }
    },
    ranks === 4 ? { job: [...job, '--strict'] } : {}
  )
}
for (const ranks of [4, 6]) {
  wrong(
    `floating-point parts of ${ranks} ranks are added as they come`,
    ranks,
    'another result',
    function* (comm) {
      if (comm.rank > 0) yield comm.isend(part(comm.rank), { dest: 0 })
      else {
        let sum = 0
        for (let k = 1; k < ranks; k++) sum += yield comm.irecv<number>()
        return sum
      }
    },
    ranks === 4 ? { job, jobFinds: 'race' } : {}
  )
  right(
    `floating-point parts of ${ranks} ranks are added by reduce`,
    ranks,
    function* (comm, { SUM }) {
      return yield comm.ireduce(part(comm.rank), SUM)
    },
    ranks === 4 ? { job } : {}
  )
  right(`whole numbers of ${ranks} ranks are added as they come`, ranks, function* (comm) {
    if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
    else {
      let sum = 0
      for (let k = 1; k < ranks; k++) sum += yield comm.irecv<number>()
      return sum
    }
  })
}
wrong('two tags: the first that comes is taken to be the first tag', 3, 'another result', function* (comm, { ANY_TAG }) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0, tag: comm.rank })
  else {
    const first: number = yield comm.irecv({ tag: ANY_TAG })
    const second: number = yield comm.irecv({ tag: ANY_TAG })
    return first - 10 * second
  }
})
right('two tags: each is received by its tag', 3, function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0, tag: comm.rank })
  else {
    const first: number = yield comm.irecv({ tag: 1 })
    const second: number = yield comm.irecv({ tag: 2 })
    return first - 10 * second
  }
})
wrong('messages(): the order of a stream is that of the ranks', 4, 'another result', function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else return ((yield comm.messages<number>().pipe(take(3), toArray())) as { data: number }[]).map(({ data }) => data)
})
right('messages(): a stream is sorted when it is whole', 4, function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else return ((yield comm.messages<number>().pipe(take(3), toArray())) as { data: number }[]).map(({ data }) => data).sort()
})
wrong('probe: who comes first is served first, and the answer says when', 3, 'another result', function* (comm) {
  if (comm.rank > 0) {
    yield comm.isend('?', { dest: 0 })
    return yield comm.irecv({ source: 0 })
  }
  for (let k = 0; k < 2; k++) {
    const found = yield* probed(comm)
    yield found.irecv()
    yield comm.isend(k, { dest: found.status.source })
  }
})
right('probe: who comes first is served first, and each gets its own', 3, function* (comm) {
  if (comm.rank > 0) {
    yield comm.isend(comm.rank, { dest: 0 })
    return yield comm.irecv({ source: 0 })
  }
  for (let k = 0; k < 2; k++) {
    const found = yield* probed(comm)
    const what: number = yield found.irecv()
    yield comm.isend(10 * what, { dest: found.status.source })
  }
})
wrong(
  'a farm: the task that a rank gets is its result',
  4,
  'another result',
  farm((_, task) => task)
)
right(
  'a farm: results are put by task',
  4,
  farm(() => 0)
)
function farm(resultOf: (rank: number, task: number) => number) {
  return function* (comm: Comm) {
    if (comm.rank === 0) {
      const results: number[] = []
      for (let task = 0; task < 3; task++) {
        const worker: number = yield comm.irecv<number>({ tag: 1 })
        yield comm.isend(task, { dest: worker, tag: 2 })
      }
      for (let k = 0; k < 3; k++) {
        const [task, square]: [number, number] = yield comm.irecv<[number, number]>({ tag: 3 })
        results[task] = square
      }
      return results
    }
    yield comm.isend(comm.rank, { dest: 0, tag: 1 })
    const task: number = yield comm.irecv<number>({ source: 0, tag: 2 })
    yield comm.isend([task, task * task], { dest: 0, tag: 3 })
    return resultOf(comm.rank, task)
  }
}
wrong('a write of each rank to one place: the last that comes wins', 3, 'another result', function* (comm) {
  const slots: number[] = []
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else {
    for (let k = 1; k < comm.size; k++) slots[0] = yield comm.irecv<number>()
    return slots
  }
})
right('the largest of what comes wins', 3, function* (comm) {
  let most = 0
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else {
    for (let k = 1; k < comm.size; k++) most = Math.max(most, yield comm.irecv<number>())
    return most
  }
})
wrong('a request of any source and one of rank 1: the first takes what the second waits for', 3, 'DeadlockError', function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else {
    yield comm.irecv()
    yield comm.irecv({ source: 1 })
  }
})
right('a request of rank 1, then one of any source', 3, function* (comm) {
  if (comm.rank > 0) yield comm.isend(comm.rank, { dest: 0 })
  else {
    yield comm.irecv({ source: 1 })
    yield comm.irecv()
  }
})
right(
  'many messages of one rank by any source and tag',
  2,
  function* (comm) {
    if (comm.rank === 1) for (let k = 0; k < 5; k++) yield comm.isend(k, { dest: 0, tag: k })
    else {
      const all: number[] = []
      for (let k = 0; k < 5; k++) all.push(yield comm.irecv())
      return all
    }
  },
  { job: [...job, '--strict'] }
)

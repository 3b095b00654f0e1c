import { Writer } from '../program.js'
import type { Comm } from './types.js'

const { programs, wrong, right } = new Writer('buffering hazard')

export { programs as bufferingHazard }

/** No more is buffered than is promised: 64 KiB. What goes on only by more shows. */
const promised = { capacity: 2 ** 16 }
const KIB = 2 ** 10 / 8
const next = ({ rank, size }: Comm): number => (rank + 1) % size
const previous = ({ rank, size }: Comm): number => (rank + size - 1) % size

for (const ranks of [2, 3, 4, 5]) {
  for (const kib of ranks === 2 ? [72, 300, 4000] : [72, 300]) {
    const inJob = kib === 4000 ? { job: ['--timeout', '60'] } : {}
    wrong(
      `a ring of ${ranks}: all send ${kib} KiB, then receive`,
      ranks,
      'DeadlockError',
      function* (comm) {
        yield comm.isend(new Float64Array(kib * KIB), { dest: next(comm) })
        yield comm.irecv({ source: previous(comm) })
      },
      { ...promised, ...inJob }
    )
    right(
      `a ring of ${ranks}: all send ${kib} KiB and receive meanwhile`,
      ranks,
      function* (comm) {
        const sent = comm.isend(new Float64Array(kib * KIB), { dest: next(comm) })
        yield comm.irecv({ source: previous(comm) })
        yield sent
      },
      { ...promised, ...inJob }
    )
  }
  right(
    `a ring of ${ranks}: all send what is promised to be buffered, then receive`,
    ranks,
    function* (comm) {
      yield comm.isend(new Float64Array(60 * KIB), { dest: next(comm) })
      yield comm.irecv({ source: previous(comm) })
    },
    promised
  )
  right(
    `a ring of ${ranks}: even ranks send first, odd ones receive`,
    ranks,
    function* (comm) {
      const data = new Float64Array(300 * KIB)
      // The last of an odd number is between two that send.
      if (comm.rank % 2 === 0 && comm.rank < comm.size - 1) {
        yield comm.isend(data, { dest: next(comm) })
        yield comm.irecv({ source: previous(comm) })
      } else {
        yield comm.irecv({ source: previous(comm) })
        yield comm.isend(data, { dest: next(comm) })
      }
    },
    promised
  )
}
for (const count of [20, 200]) {
  wrong(
    `${count} messages of 8 KiB are sent both ways before any is received`,
    2,
    'DeadlockError',
    function* (comm) {
      for (let k = 0; k < count; k++) yield comm.isend(new Float64Array(8 * KIB), { dest: 1 - comm.rank })
      for (let k = 0; k < count; k++) yield comm.irecv({ source: 1 - comm.rank })
    },
    promised
  )
  right(
    `${count} messages of 8 KiB are sent both ways, each received before the next`,
    2,
    function* (comm) {
      for (let k = 0; k < count; k++) {
        yield comm.isend(new Float64Array(8 * KIB), { dest: 1 - comm.rank })
        yield comm.irecv({ source: 1 - comm.rank })
      }
    },
    promised
  )
}
wrong(
  'a long message to itself, before it is received',
  1,
  'DeadlockError',
  function* (comm) {
    yield comm.isend(new Float64Array(300 * KIB), { dest: 0 })
    yield comm.irecv({ source: 0 })
  },
  promised
)
right(
  'a long message to itself, received meanwhile',
  1,
  function* (comm) {
    const sent = comm.isend(new Float64Array(300 * KIB), { dest: 0 })
    yield comm.irecv({ source: 0 })
    yield sent
  },
  promised
)
wrong(
  'a long message is sent before a barrier, and received behind it',
  2,
  'DeadlockError',
  function* (comm) {
    if (comm.rank === 0) yield comm.isend(new Float64Array(300 * KIB), { dest: 1 })
    yield comm.ibarrier()
    if (comm.rank === 1) yield comm.irecv({ source: 0 })
  },
  promised
)
right(
  'a short message is sent before a barrier, and received behind it',
  2,
  function* (comm) {
    if (comm.rank === 0) yield comm.isend(new Float64Array(8 * KIB), { dest: 1 })
    yield comm.ibarrier()
    if (comm.rank === 1) yield comm.irecv({ source: 0 })
  },
  promised
)

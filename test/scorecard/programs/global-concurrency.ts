import { type Body, type Finding, type Steps, Writer } from '../program.js'
import type { Comm, Win } from './types.js'

const { programs, wrong, right } = new Writer('global concurrency')

export { programs as globalConcurrency }

const RMA: Finding = 'RmaSyncError'
const peerOf = (comm: Comm) => comm.group.include([1 - comm.rank])

/** A program on a window of four elements; it is freed whatever happens. What is in it at the end is the result. */
const over = (body: (win: Win, comm: Comm) => Steps): Body =>
  function* (comm): Steps {
    const win: Win = yield comm.iwindow(Float64Array.of(comm.rank, 0, 0, 0))
    try {
      const result: unknown = yield* body(win, comm)
      yield win.iclose()
      return result ?? [...win.local]
    } finally {
      win.free()
    }
  }

// Epochs
const epochs: [name: string, body: (win: Win, comm: Comm) => Steps][] = [
  [
    'a fence while a lock is held',
    function* (win) {
      yield win.ilock(1)
      yield win.ifence()
    }
  ],
  [
    'a second lock of one part',
    function* (win) {
      yield win.ilock(1)
      yield win.ilock(1)
    }
  ],
  [
    'a lock of one part within a lock of all',
    function* (win) {
      yield win.ilockAll()
      yield win.ilock(1)
    }
  ],
  [
    'an unlock without a lock',
    function* (win) {
      yield win.iunlock(1)
    }
  ],
  [
    'an unlock of another part than was locked',
    function* (win) {
      yield win.ilock(0)
      yield win.iunlock(1)
    }
  ],
  [
    'a complete without a start',
    function* (win) {
      yield win.icomplete()
    }
  ],
  [
    'a wait without a post',
    function* (win) {
      yield win.iwait()
    }
  ],
  [
    'a test without a post',
    function* (win) {
      win.test()
      yield 1
    }
  ],
  [
    'a post within a post',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.ipost(peerOf(comm))
    }
  ],
  [
    'a fence between post and wait',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.ifence()
    }
  ],
  [
    'a start within a start',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.istart(peerOf(comm))
      yield win.istart(peerOf(comm))
    }
  ],
  [
    'a lock between start and complete',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.istart(peerOf(comm))
      yield win.ilock(1)
    }
  ],
  [
    'a fence between start and complete',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.istart(peerOf(comm))
      yield win.ifence()
    }
  ],
  [
    'a put to a rank that is not in the started group',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.istart(peerOf(comm))
      yield win.iput(Float64Array.of(1), { target: comm.rank })
    }
  ]
]
for (const [name, body] of epochs) wrong(name, 2, RMA, over(body))
const orderly: [name: string, body: (win: Win, comm: Comm) => Steps][] = [
  [
    'a fence when a lock is released',
    function* (win, comm) {
      yield win.ilock(1 - comm.rank)
      yield win.iunlock(1 - comm.rank)
      yield win.ifence()
    }
  ],
  [
    'locks of both parts at once, shared',
    function* (win) {
      for (const target of [0, 1]) yield win.ilock(target, { shared: true })
      for (const target of [1, 0]) yield win.iunlock(target)
    }
  ],
  [
    'a lock of one part, again and again',
    function* (win) {
      for (let k = 0; k < 3; k++) {
        yield win.ilock(0)
        yield win.iunlock(0)
      }
    }
  ],
  [
    'post, start, complete, wait',
    function* (win, comm) {
      for (let k = 0; k < 2; k++) {
        yield win.ipost(peerOf(comm))
        yield win.istart(peerOf(comm))
        win.iput(Float64Array.of(k), { target: 1 - comm.rank })
        yield win.icomplete()
        yield win.iwait()
      }
    }
  ],
  [
    'post, start and complete, and a test until all have',
    function* (win, comm) {
      yield win.ipost(peerOf(comm))
      yield win.istart(peerOf(comm))
      yield win.icomplete()
      while (!win.test()) yield 1
    }
  ],
  [
    'epochs of nobody',
    function* (win, comm) {
      const nobody = comm.group.include([])
      yield win.ipost(nobody)
      yield win.istart(nobody)
      yield win.icomplete()
      yield win.iwait()
    }
  ],
  [
    'a put outside any epoch',
    function* (win, comm) {
      yield win.iput(Float64Array.of(1), { target: 1 - comm.rank })
    }
  ],
  [
    'a flush of nothing',
    function* (win) {
      yield win.iflush()
    }
  ]
]
for (const [name, body] of orderly) right(name, 2, over(body))

// Races on memory: the result depends on who comes first
const races: [name: string, ranks: number, body: (win: Win, comm: Comm) => Steps][] = [
  [
    'two ranks put to one place',
    3,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iput(Float64Array.of(comm.rank), { target: 0, at: 1 })
    }
  ],
  [
    'three ranks put to one place',
    4,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iput(Float64Array.of(comm.rank), { target: 0, at: 1 })
    }
  ],
  [
    'two ranks put to places that overlap',
    3,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iput(Float64Array.of(comm.rank, comm.rank), { target: 0, at: comm.rank })
    }
  ],
  [
    'a rank reads what another puts',
    3,
    function* (win, comm) {
      if (comm.rank === 1) yield win.iput(Float64Array.of(7), { target: 0, at: 1 })
      else if (comm.rank === 2) return [...((yield win.iget({ target: 0, at: 1, count: 1 })) as Float64Array)]
      return [0]
    }
  ],
  [
    'each reads the counter, and puts one more',
    3,
    function* (win, comm) {
      if (comm.rank === 0) return
      const [count]: Float64Array = yield win.iget({ target: 0, at: 1, count: 1 })
      yield win.iput(Float64Array.of(count! + comm.rank), { target: 0, at: 1 })
    }
  ],
  [
    'a put and an accumulate of one place',
    3,
    function* (win, comm) {
      if (comm.rank === 1) yield win.iput(Float64Array.of(7), { target: 0, at: 1 })
      else if (comm.rank === 2) yield win.iaccumulate(Float64Array.of(1), { target: 0, at: 1 })
    }
  ],
  [
    'the number that fetchAndOp gives is the result',
    3,
    function* (win, comm) {
      if (comm.rank > 0) return [yield win.ifetchAndOp(1, { target: 0, at: 1 })]
    }
  ],
  [
    'floating-point parts are accumulated by who comes first',
    4,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iaccumulate(Float64Array.of([0, 0.1, 1e16, -1e16][comm.rank]!), { target: 0, at: 1 })
    }
  ]
]
for (const [name, ranks, body] of races) wrong(name, ranks, 'another result', over(body))
const ordered: [name: string, ranks: number, body: (win: Win, comm: Comm) => Steps][] = [
  [
    'ranks put to places of their own',
    4,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iput(Float64Array.of(comm.rank), { target: 0, at: comm.rank })
    }
  ],
  [
    'ranks put to one place, with a fence between',
    3,
    function* (win, comm) {
      for (const writer of [1, 2]) {
        if (comm.rank === writer) win.iput(Float64Array.of(writer), { target: 0, at: 1 })
        yield win.ifence()
      }
    }
  ],
  [
    'a rank reads what another has put before the fence',
    3,
    function* (win, comm) {
      if (comm.rank === 1) win.iput(Float64Array.of(7), { target: 0, at: 1 })
      yield win.ifence()
      if (comm.rank === 2) return [...((yield win.iget({ target: 0, at: 1, count: 1 })) as Float64Array)]
    }
  ],
  [
    'whole numbers are accumulated',
    4,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iaccumulate(Float64Array.of(comm.rank), { target: 0, at: 1 })
    }
  ],
  [
    'each adds to the counter by fetchAndOp',
    4,
    function* (win, comm) {
      if (comm.rank > 0) yield win.ifetchAndOp(comm.rank, { target: 0, at: 1 })
      return [...win.local].length
    }
  ],
  [
    'each reads the counter and puts one more, under a lock',
    3,
    function* (win, comm) {
      if (comm.rank > 0) {
        yield win.ilock(0)
        const [count]: Float64Array = yield win.iget({ target: 0, at: 1, count: 1 })
        yield win.iput(Float64Array.of(count! + comm.rank), { target: 0, at: 1 })
        yield win.iunlock(0)
      }
      yield win.ifence()
      return [...win.local]
    }
  ],
  [
    'two ranks put the same',
    3,
    function* (win, comm) {
      if (comm.rank > 0) yield win.iput(Float64Array.of(5), { target: 0, at: 1 })
    }
  ],
  [
    'a rank puts twice to one place, one after the other',
    2,
    function* (win, comm) {
      if (comm.rank === 1) for (const value of [1, 2]) yield win.iput(Float64Array.of(value), { target: 0, at: 1 })
    }
  ]
]
for (const [name, ranks, body] of ordered) right(name, ranks, over(body))

// What has no order, and shows in no result of a simulated run
wrong(
  'a rank writes to its part with plain stores while another puts there',
  2,
  'another result',
  over(function* (win, comm) {
    if (comm.rank === 0) win.local[1] = 3
    else yield win.iput(Float64Array.of(7), { target: 0, at: 1 })
  })
)
wrong(
  'a rank reads its part with plain loads while another puts there',
  2,
  'another result',
  over(function* (win, comm) {
    if (comm.rank === 0) return [win.local[1]]
    yield win.iput(Float64Array.of(7), { target: 0, at: 1 })
    return [0]
  })
)
wrong(
  'a rank puts twice to one place in one epoch',
  2,
  'another result',
  over(function* (win, comm) {
    if (comm.rank === 1) for (const value of [1, 2]) win.iput(Float64Array.of(value), { target: 0, at: 1 })
    yield win.ifence()
  })
)
right(
  'a rank writes to its part with plain stores, then comes a fence',
  2,
  over(function* (win, comm) {
    if (comm.rank === 0) win.local[1] = 3
    yield win.ifence()
    if (comm.rank === 1) yield win.iput(Float64Array.of(7), { target: 0, at: 2 })
  })
)

import { allgather, allgatherv, alltoall, alltoallv, gather, gatherv, scatter, scatterv } from '../../operators/index.js'
import { asDrawn } from './drawn.js'

const latency = 1
const lists = { x: ['a', 'b', 'c'], y: ['d', 'e', 'f'] }
const runs = { a: [1], b: [2, 3], d: [4], e: [5, 6], x: [1, 2, 3], y: [4, 5, 6] }
const arrays = Object.fromEntries(Object.entries(runs).map(([letter, run]) => [letter, Int32Array.from(run)]))
const parts = { a: [1, 2], b: [3, 4], d: [5, 6], e: [7, 8], x: [1, 3], y: [2, 4], u: [5, 7], v: [6, 8] }
const exchanged = { a: Int32Array.of(1, 2, 3), b: Int32Array.of(4, 5, 6), x: Int32Array.of(1, 4), y: Int32Array.of(2, 3, 5, 6) }

describe('what the docstrings draw', () => {
  const letters = { ...lists, ...Object.fromEntries([...'abcdef'].map((letter) => [letter, letter])) } as unknown as Record<string, never>

  it('scatter', () => asDrawn<string[]>('operators/scatter.ts', { latency, values: letters }, (comm, source) => source.pipe(scatter(comm))))
  it('gather', () => asDrawn('operators/gather.ts', { latency, values: letters }, (comm, source) => source.pipe(gather(comm))))
  it('allgather', () => asDrawn('operators/allgather.ts', { latency, values: letters }, (comm, source) => source.pipe(allgather(comm))))
  it('alltoall', () =>
    asDrawn<number[]>('operators/alltoall.ts', { latency, values: parts }, (comm, source) => source.pipe(alltoall(comm))))

  it('scatterv', () => {
    asDrawn<Int32Array>('operators/scatterv.ts', { latency, values: arrays }, (comm, source) =>
      source.pipe(scatterv(comm, { counts: [1, 2] }))
    )
  })
  it('gatherv', () => {
    asDrawn<Int32Array>('operators/gatherv.ts', { latency, values: arrays }, (comm, source) => source.pipe(gatherv(comm)))
  })
  it('allgatherv', () => {
    asDrawn<Int32Array>('operators/allgatherv.ts', { latency, values: arrays }, (comm, source) => source.pipe(allgatherv(comm)))
  })
  it('alltoallv', () => {
    const counts = [
      [1, 2],
      [1, 2]
    ]
    asDrawn<Int32Array>('operators/alltoallv.ts', { latency, values: exchanged }, (comm, source) =>
      source.pipe(alltoallv(comm, { sendCounts: counts[comm.rank]! }))
    )
  })
})

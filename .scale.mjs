import { simulate } from './dist/testing/index.js'
import { map, tap, of, expand, takeWhile, EMPTY, concatMap, last, forkJoin } from 'rxjs'
const p = Number(process.argv[2] ?? 1000), kind = process.argv[3] ?? 'of', seed = process.argv[4] ? Number(process.argv[4]) : undefined
const t0 = performance.now()
const allreduce = (comm) => (source) => source.pipe(concatMap((x) => of([x, 1]).pipe(expand(([sum, bit]) => {
  if (bit >= comm.size) return EMPTY
  const peer = comm.rank ^ bit
  if (peer >= comm.size) return of([sum, bit << 1])
  comm.isend(sum, { dest: peer, tag: bit })
  return comm.irecv({ source: peer, tag: bit }).pipe(map((v) => [sum + v, bit << 1]))
}), last(), map(([s]) => s))))
simulate(p, { latency: 1, ...(seed === undefined ? {} : {seed}) }, ({ ranks, cold, expectObservable, traffic }) => {
  const out = ranks((comm) => (kind === 'of' ? of(comm.rank) : cold('a|', { a: comm.rank })).pipe(allreduce(comm)))
  const n = Math.log2(p)
  if (Number.isInteger(n)) expectObservable(out[0]).toBe(kind === 'of' ? `${n}ms (a|)` : `${n}ms a|`.replace('|', kind==='of' ? '|' : '').trim(), { a: p * (p - 1) / 2 })
  else out[0].subscribe()
})
console.log({ p, kind, seed, ms: performance.now() - t0, rss: process.memoryUsage().rss / 2 ** 20 })

/** What moves data between ranks, as threads and on hosts: every root, small and large, and all at once. On 3 ranks. */
import assert from 'node:assert/strict'
import { from, lastValueFrom, take, toArray } from 'rxjs'
import { COMM_WORLD as comm, Request } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { check, failureOf, report } from './checks.js'

const { rank, size } = comm
const all = Array.from({ length: size }, (_, k) => k)
/** Some fit a bundle, a window, a segment; some none of these. */
const lengths = [0, 1, 600, 5000, 20_000, 1_000_000]
const data = (length: number, seed: number): Float64Array<ArrayBuffer> => new Float64Array(length).map((_, k) => seed * 1e7 + k)
const joined = (runs: readonly Float64Array[]): Float64Array => {
  const array = new Float64Array(runs.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const run of runs) {
    array.set(run, at)
    at += run.length
  }
  return array
}
const same = (got: Float64Array | undefined, wanted: Float64Array): void =>
  assert.ok(got !== undefined && Buffer.from(got.buffer, got.byteOffset, got.byteLength).equals(Buffer.from(wanted.buffer)), 'other data')

await check('arrays are scattered and gathered, from and to every root, into others', async () => {
  for (const root of all) {
    for (const length of lengths) {
      const whole = data(size * length, root)
      const into = new Float64Array(length)
      assert.equal(await comm.scatter(rank === root ? whole : undefined, { root, into }), into)
      same(into, whole.slice(rank * length, (rank + 1) * length))
      const back = rank === root ? new Float64Array(size * length) : undefined
      assert.equal(await comm.gather(into, { root, into: back }), back)
      if (rank === root) same(back, whole)
    }
  }
})

await check('so are runs of any length', async () => {
  for (const root of all) {
    const counts = all.map((k) => [3, 700, 300_000][(k + root) % 3]!)
    const whole = data(
      counts.reduce((sum, count) => sum + count),
      root
    )
    const run = await comm.scatterv(rank === root ? whole : undefined, rank === root ? { root, counts } : { root })
    assert.equal(run.length, counts[rank])
    const back = await comm.gatherv(run, { root })
    if (rank === root) same(back, whole)
    else assert.equal(back, undefined)
    same(await comm.allgatherv(run), whole)
  }
})

await check('everyone gets what everyone has', async () => {
  for (const length of lengths) {
    const runs = all.map((from) => data(length, from))
    same(await comm.allgather(runs[rank]!, { into: new Float64Array(size * length) }), joined(runs))
    assert.deepEqual(
      (await comm.allgather(runs[rank]!)).map((run) => run.length),
      all.map(() => length)
    )
    const whole = data(size * length, rank)
    const mine = joined(all.map((from) => data(size * length, from).slice(rank * length, (rank + 1) * length)))
    same(await comm.alltoall(whole), mine)
    same(await comm.alltoall(whole, { into: new Float64Array(size * length) }), mine)
  }
})

await check('values of any kind are moved, small and large', async () => {
  const value = (from: number) => ({ from, text: 'é'.repeat(from === 1 ? 200_000 : 2), when: new Date(from) })
  assert.deepEqual(await comm.allgather(value(rank)), all.map(value))
  assert.deepEqual(await comm.scatter(rank === 1 ? all.map(value) : undefined, { root: 1 }), value(rank))
  assert.deepEqual(await comm.gather(value(rank), { root: 2 }), rank === 2 ? all.map(value) : undefined)
  assert.deepEqual(
    await comm.alltoall(all.map((to) => [rank, to])),
    all.map((from) => [from, rank])
  )
})

await check('many are under way at once, and the data may change when each is done', async () => {
  const runs = Array.from({ length: 20 }, (_, k) => data(k % 3 === 0 ? 50_000 : 10, k + rank))
  const gathered = runs.map((run, k) => comm.igather(run, { root: k % size }))
  const exchanged = runs.map((run, k) => comm.iallgather(run, { algorithm: k % 2 === 0 ? 'ring' : 'bruck' }))
  const results = await Request.waitAll(gathered)
  for (const [k, result] of results.entries()) {
    if (rank === k % size) for (const other of all) same(result![other], data(k % 3 === 0 ? 50_000 : 10, k + other))
  }
  for (const [k, result] of (await Request.waitAll(exchanged)).entries()) {
    for (const other of all) same(result[other], data(k % 3 === 0 ? 50_000 : 10, k + other))
  }
})

await check('streams of small and large go through, pulled as there is room', async () => {
  let pulled = 0
  function* endless(): Generator<Float64Array<ArrayBuffer>> {
    for (; ; pulled++) yield data(pulled % 10 === 0 ? 30_000 : 3, pulled + rank)
  }
  const rounds = await lastValueFrom(mpi.allgather<Float64Array<ArrayBuffer>>(comm, { window: 8 })(endless()).pipe(take(100), toArray()))
  assert.ok(pulled <= 108)
  for (const [k, round] of rounds.entries()) for (const other of all) same(round[other], data(k % 10 === 0 ? 30_000 : 3, k + other))
  const parts = from(Array.from({ length: 50 }, (_, k) => all.map((to) => `${k}: ${rank} to ${to}`)))
  const got = await lastValueFrom(parts.pipe(mpi.alltoall(comm), toArray()))
  assert.deepEqual(
    got,
    Array.from({ length: 50 }, (_, k) => all.map((other) => `${k}: ${other} to ${rank}`))
  )
})

await check('an array that is too short for one rank fails there, and the others have theirs', async () => {
  for (const length of [10, 100_000]) {
    const into = new Float64Array(rank === 2 ? length - 1 : length)
    const scattered = comm.scatter(rank === 0 ? data(size * length, 0) : undefined, { into })
    if (rank === 2) assert.equal((await failureOf(scattered)).name, 'TruncationError')
    else same(await scattered, data(size * length, 0).slice(rank * length, (rank + 1) * length))
  }
})

report()

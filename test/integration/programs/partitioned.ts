/** Partitioned sends between ranks, as threads and on hosts: parts that are made while others travel, cut otherwise over there. On 2 ranks. */
import assert from 'node:assert/strict'
import { lastValueFrom, toArray } from 'rxjs'
import { COMM_WORLD as comm, Persistent } from 'rxmpi'
import { vector, view } from 'rxmpi/layout'
import { check, report } from './checks.js'

const other = 1 - comm.rank
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

await check('parts of every size arrive where they belong, start after start', async () => {
  for (const [elements, mine, theirs] of [
    [24, 8, 3],
    [24, 3, 8],
    [4096, 1, 4096],
    [1_200_000, 6, 100],
    [1_200_000, 100, 6]
  ] as const) {
    const [cut, otherCut] = comm.rank === 0 ? [mine, theirs] : [theirs, mine]
    const [data, into] = [new Float64Array(elements), new Float64Array(elements)]
    const out = comm.psendInit(data, { dest: other, partitions: cut })
    const inn = comm.precvInit({ source: other, into, partitions: otherCut })
    for (let round = 0; round < 5; round++) {
      const requests = Persistent.startAll([out, inn])
      const arrived = lastValueFrom(inn.arrivals.pipe(toArray()))
      for (let k = 0; k < cut; k++) {
        // Odd ones first.
        const part = 2 * k + 1 < cut ? 2 * k + 1 : cut - 1 - ((cut - 1) % 2) - 2 * (k - Math.floor(cut / 2))
        for (let e = (part * elements) / cut; e < ((part + 1) * elements) / cut; e++) data[e] = 1e7 * comm.rank + 1e3 * round + e
        out.ready(part)
        if (k % 3 === round % 3) await turn()
      }
      assert.deepEqual(
        (await arrived).sort((a, b) => a - b),
        Array.from({ length: otherCut }, (_, k) => k)
      )
      await Promise.all(requests.map((request) => request.wait()))
      for (let e = 0; e < elements; e++) if (into[e] !== 1e7 * other + 1e3 * round + e) assert.fail(`round ${round}, element ${e}`)
      into.fill(-1)
    }
    out.free()
    inn.free()
  }
})

await check('parts are there when arrived says so, while the others are still to be made', async () => {
  const [data, into] = [new Float64Array(2000).fill(comm.rank + 1), new Float64Array(1000)]
  const out = comm.psendInit(view(data, vector(1000, 1, 2)), { dest: other, partitions: 2, tag: 7 })
  const inn = comm.precvInit({ source: other, into, partitions: 10, tag: 7 })
  const requests = Persistent.startAll([inn, out])
  out.ready(1)
  while (!inn.arrived(9)) await turn()
  assert.equal(inn.part(5)[99], other + 1)
  assert.equal(inn.arrived(4), false)
  await comm.barrier()
  out.ready(0)
  await Promise.all(requests.map((request) => request.wait()))
  assert.ok(into.every((value) => value === other + 1))
})

report()

/** Memory in pieces between ranks, as threads and on hosts: small and large, every way. On 2 ranks. */
import assert from 'node:assert/strict'
import { COMM_WORLD as comm, Status } from 'rxmpi'
import { contiguous, indexed, struct, vector, view } from 'rxmpi/layout'
import { check, report } from './checks.js'

const other = 1 - comm.rank
const numbers = (length: number, from = 0): Float64Array<ArrayBuffer> => Float64Array.from({ length }, (_, k) => from + k)

await check('columns of every length are exchanged, and arrive where they belong', async () => {
  for (const rows of [0, 1, 100, 9000, 300_000]) {
    const matrix = numbers(rows * 3, comm.rank * 1e7)
    const target = new Float64Array(rows * 2)
    const request = comm.isend(view(matrix, vector(rows, 1, 3), { offset: rows === 0 ? 0 : 1 }), { dest: other })
    await comm.recv({ source: other, into: view(target, vector(rows, 1, 2)) })
    await request.wait()
    for (let k = 0; k < rows; k++) if (target[2 * k] !== other * 1e7 + 3 * k + 1 || target[2 * k + 1] !== 0) assert.fail(`at ${k}`)
  }
})

await check('records travel without padding, also before they are received', async () => {
  const Mixed = struct({ kind: 'u8', mass: 'f64', at: ['f32', 3] })
  for (const length of [1, 1000, 40_000]) {
    const records = Mixed.allocate(length)
    for (let k = 0; k < length; k++) records.set(k, { kind: k, mass: k + comm.rank, at: [k, 1, 2] })
    await comm.send(records.subarray(0, Math.min(length, 1000)), { dest: other, tag: 1 })
    const request = comm.issend(records, { dest: other })
    const status = new Status()
    const into = await comm.recv({ source: other, tag: 0, into: Mixed.allocate(length), status })
    await request.wait()
    assert.deepEqual([status.count, status.elements, status.bytes], [length, 5 * length, 21 * length])
    for (let k = 0; k < length; k += 7) assert.equal(into.get(k).mass, k + other)
    const bytes = await comm.recv<Uint8Array>({ source: other, tag: 1, status })
    assert.equal(status.count, Math.min(length, 1000))
    assert.equal(Mixed.unpacked(bytes).get(0).mass, other)
  }
})

await check('large arrays that change their owner are scattered', async () => {
  const request = comm.isend(numbers(100_000, comm.rank), { dest: other, transfer: true })
  const target = view(new Float64Array(200_000), vector(100_000, 1, 2))
  await comm.recv({ source: other, into: target })
  await request.wait()
  assert.equal(target.memory[199_998], other + 99_999)
})

await check('a receive that is given up hands on what has come of it', async () => {
  const request = comm.isend(numbers(500_000), { dest: other })
  const given = AbortSignal.timeout(1)
  const into = view(new Float64Array(1_000_000), vector(500_000, 1, 2))
  await comm.recv({ source: other, into, signal: given }).then(
    () => comm.send(0, { dest: comm.rank, tag: 9 }),
    () => comm.send(1, { dest: comm.rank, tag: 9 })
  )
  const whole =
    (await comm.recv({ source: comm.rank, tag: 9 })) === 1 ? await comm.recv<Float64Array>({ source: other, tag: 0 }) : into.pack()
  await request.wait()
  assert.equal(whole[499_999], 499_999)
})

await check('blocks in any order, and collectives', async () => {
  const picked = view(numbers(10, 10 * comm.rank), indexed([2, 1], [6, 0]))
  const all = view(new Float64Array(12), contiguous(6), { offset: 3 })
  await comm.allgather(picked, { into: all })
  assert.deepEqual([...all.memory], [0, 0, 0, 6, 7, 0, 16, 17, 10, 0, 0, 0])
})

report()

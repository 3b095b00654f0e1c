/**
 * Conjugate gradient on the Laplacian of a line, whose unknowns lie in runs on the ranks: two dot products and two neighbours' values an
 * iteration.
 */

import { COMM_WORLD as comm, PROC_NULL, SUM } from 'rxmpi'
import { during, timed } from './clock.js'

const UNKNOWNS = 200_000
const ITERATIONS = 500

const { rank, size } = comm
const n = UNKNOWNS / size
const left = rank === 0 ? PROC_NULL : rank - 1
const right = rank === size - 1 ? PROC_NULL : rank + 1

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += a[i]! * b[i]!
  return sum
}

/** q = A p; the values beside the run come from the neighbours. */
async function multiply(p: Float64Array, q: Float64Array): Promise<void> {
  const before = (await during(() => comm.sendrecv<number, number>(p[n - 1]!, { dest: right, source: left }))) ?? 0
  const behind = (await during(() => comm.sendrecv<number, number>(p[0]!, { dest: left, source: right }))) ?? 0
  q[0] = 2 * p[0]! - before - p[1]!
  for (let i = 1; i < n - 1; i++) q[i] = 2 * p[i]! - p[i - 1]! - p[i + 1]!
  q[n - 1] = 2 * p[n - 1]! - p[n - 2]! - behind
}

await timed(async () => {
  const x = new Float64Array(n)
  const r = new Float64Array(n).fill(1)
  const p = r.slice()
  const q = new Float64Array(n)
  let rr = await during(() => comm.allreduce(dot(r, r), SUM))
  for (let k = 0; k < ITERATIONS; k++) {
    await multiply(p, q)
    const pq = dot(p, q)
    const alpha = rr / (await during(() => comm.allreduce(pq, SUM)))
    for (let i = 0; i < n; i++) {
      x[i]! += alpha * p[i]!
      r[i]! -= alpha * q[i]!
    }
    const own = dot(r, r)
    const next = await during(() => comm.allreduce(own, SUM))
    const beta = next / rr
    rr = next
    for (let i = 0; i < n; i++) p[i] = r[i]! + beta * p[i]!
  }
})

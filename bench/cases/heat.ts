/** Heat that spreads on a square whose rows lie on the ranks: every step exchanges the rows at the edges with the neighbours. */

import { COMM_WORLD as comm, PROC_NULL } from 'rxmpi'
import { during, timed } from './clock.js'

const N = 512
const STEPS = 500

const { rank, size } = comm
const rows = N / size
const up = rank === 0 ? PROC_NULL : rank - 1
const down = rank === size - 1 ? PROC_NULL : rank + 1
const row = (grid: Float64Array, k: number): Float64Array => grid.subarray(k * N, (k + 1) * N)

async function exchange(grid: Float64Array): Promise<void> {
  await during(() => comm.sendrecv(row(grid, 1), { dest: up, source: down, into: row(grid, rows + 1) }))
  await during(() => comm.sendrecv(row(grid, rows), { dest: down, source: up, into: row(grid, 0) }))
}

function step(from: Float64Array, to: Float64Array): void {
  for (let i = 1; i <= rows; i++) {
    const start = i * N
    for (let at = start + 1; at < start + N - 1; at++) {
      to[at] = from[at]! + 0.2 * (from[at - N]! + from[at + N]! + from[at - 1]! + from[at + 1]! - 4 * from[at]!)
    }
  }
}

await timed(async () => {
  let grid = new Float64Array((rows + 2) * N)
  let next = new Float64Array((rows + 2) * N)
  if (rank === 0) grid.fill(100, N, 2 * N)
  for (let k = 0; k < STEPS; k++) {
    await exchange(grid)
    step(grid, next)
    ;[grid, next] = [next, grid]
  }
})

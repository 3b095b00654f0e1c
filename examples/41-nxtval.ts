/**
 * A counter that all ranks draw their tasks from: who is free takes the next number, and nobody hands them out.
 *
 *     npx rxmpi run -n 4 examples/41-nxtval.ts
 *
 * MPI: MPI_Fetch_and_op; the counter "nxtval" of Global Arrays, mpi4py's demo of that name.
 */
import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'

const TASKS = 1000
using counter = await comm.allocateWindow(Int32Array, comm.rank === 0 ? 1 : 0)

/** Steps until the sequence of Collatz is at 1. */
function steps(n: number): number {
  let count = 0
  for (; n !== 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) count++
  return count
}

let most = 0
let taken = 0
for (;;) {
  const task = await counter.fetchAndOp(1, SUM, { target: 0 })
  if (task >= TASKS) break
  most = Math.max(most, steps(task + 1))
  taken++
}
const [longest, all] = [await comm.reduce(most, MAX), await comm.reduce(taken, SUM)]
if (longest !== undefined) console.log(`${all} tasks, the longest way has ${longest} steps`)
await counter.close()

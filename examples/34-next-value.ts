/**
 * Sharing out work by one counter: each rank takes the next number, and does what it stands for, until there are none. Nobody deals out
 * tasks, and fast ranks do more of them.
 *
 *     npx rxmpi run -n 4 examples/34-next-value.ts
 *
 * The tasks count the primes of a range, as in 10-task-farm.ts, without its root.
 * Global Arrays: nxtval; MPI: MPI_Fetch_and_op; mpi4py: demo/nxtval.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { Counter } from 'rxmpi/sync'

const LIMIT = 200_000
const STEP = 5_000

const counter = await Counter.create(comm)
let primes = 0
let tasks = 0
for (let task = await counter.next(); task < LIMIT / STEP; task = await counter.next()) {
  primes += countPrimes(task * STEP, (task + 1) * STEP)
  tasks++
}
await counter.close()

const [done, found] = await Promise.all([comm.reduce(tasks, SUM), comm.reduce(primes, SUM)])
if (comm.rank === 0) console.log(`${done} tasks found ${found} primes below ${LIMIT}`)

function countPrimes(from: number, to: number): number {
  let count = 0
  for (let n = Math.max(2, from); n < to; n++) {
    let divisor = 2
    while (divisor * divisor <= n && n % divisor !== 0) divisor++
    if (divisor * divisor > n) count++
  }
  return count
}

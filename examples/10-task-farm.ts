/**
 * A task farm: rank 0 gives a task to whoever is free, so that fast ranks do more of them. It takes results from `ANY_SOURCE`, and the
 * status says who sent one; the tag says what a message is.
 *
 *     npx rxmpi run -n 4 examples/10-task-farm.ts
 *
 * The tasks count the primes of a range. The root is a loop that waits for one message; a worker is a stream of tasks.
 * MPI: MPI_Recv with MPI_ANY_SOURCE, MPI_Status, tags.
 */
import { concatMap, lastValueFrom, takeWhile } from 'rxjs'
import { ANY_SOURCE, COMM_WORLD as comm, Status } from 'rxmpi'

type Range = [from: number, to: number]

const TASK = 1
const STOP = 2
const RESULT = 3

const LIMIT = 200_000
const STEP = 5_000
const tasks = Array.from({ length: LIMIT / STEP }, (_, i): Range => [i * STEP, (i + 1) * STEP])

if (comm.size === 1) console.log(report(tasks.map(countPrimes)))
else if (comm.rank === 0) await farm()
else await work()

async function farm(): Promise<void> {
  const counts: number[] = []
  const next = tasks.values()
  const give = (dest: number) => {
    const { value: task, done } = next.next()
    return comm.send(task, { dest, tag: done ? STOP : TASK })
  }

  for (let worker = 1; worker < comm.size; worker++) await give(worker)
  const status = new Status()
  while (counts.length < tasks.length) {
    counts.push(await comm.recv<number>({ source: ANY_SOURCE, tag: RESULT, status }))
    await give(status.source)
  }
  console.log(report(counts))
}

async function work(): Promise<void> {
  const results$ = comm.messages<Range>({ source: 0 }).pipe(
    takeWhile(({ status }) => status.tag === TASK),
    concatMap(({ data: range }) => comm.send(countPrimes(range), { dest: 0, tag: RESULT }))
  )
  await lastValueFrom(results$, { defaultValue: undefined })
}

function countPrimes([from, to]: Range): number {
  let count = 0
  for (let n = Math.max(2, from); n < to; n++) if (isPrime(n)) count++
  return count
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

function report(counts: number[]): string {
  return `${counts.length} tasks found ${counts.reduce((a, b) => a + b)} primes below ${LIMIT}`
}

/**
 * The sum of an array that one rank has: it sends half of the array away, the receiver does the same with its half, and so on until every
 * rank has a part. Each adds its part up, and the partial sums go back the way the halves came.
 *
 *     npx rxmpi run -n 4 examples/11-parallel-sum.ts
 *
 * A rank that answers for the ranks `rank … end-1` sends to the one in their middle what belongs to it and those behind it, as much as
 * they are of all, so any number of ranks shares the array evenly. Nobody waits for more than ⌈log₂ size⌉ messages.
 * MPI: MPI_Send, MPI_Recv, MPI_Isend; what MPI_Scatter and MPI_Reduce do inside.
 */
import { COMM_WORLD as comm, PROC_NULL, Request } from 'rxmpi'

const NUMBERS = 1_000_000
const PART = 1
const SUM = 2

let { parent, end } = placeInTree(comm.rank, comm.size)
let numbers =
  comm.rank === 0 ? Float64Array.from({ length: NUMBERS }, (_, i) => i + 1) : await comm.recv<Float64Array>({ source: parent, tag: PART })

const sends: Request<void>[] = []
const partials: Request<number>[] = []
while (end - comm.rank > 1) {
  const middle = middleOf(comm.rank, end)
  const mine = Math.floor((numbers.length * (middle - comm.rank)) / (end - comm.rank))
  sends.push(comm.isend(numbers.subarray(mine), { dest: middle, tag: PART }))
  partials.push(comm.irecv<number>({ source: middle, tag: SUM }))
  numbers = numbers.subarray(0, mine)
  end = middle
}

const own = numbers.reduce((a, b) => a + b, 0)
console.log(`${numbers.length} numbers, from ${numbers[0]} to ${numbers[numbers.length - 1]}, make ${own}`)

await Request.waitAll(sends)
const sum = (await Request.waitAll(partials)).reduce((a, b) => a + b, own)
if (comm.rank === 0) console.log(`the sum is ${sum}`)
else await comm.send(sum, { dest: parent, tag: SUM })

/** Whom a rank gets its part from, and the end of the ranks that it answers for. */
function placeInTree(rank: number, size: number): { parent: number; end: number } {
  let parent = PROC_NULL
  let first = 0
  let end = size
  while (first !== rank) {
    const middle = middleOf(first, end)
    if (rank < middle) end = middle
    else {
      parent = first
      first = middle
    }
  }
  return { parent, end }
}

function middleOf(first: number, end: number): number {
  return Math.ceil((first + end) / 2)
}

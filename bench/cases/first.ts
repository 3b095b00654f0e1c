/** The first calls of a program, one kind of them, until the numbers of calls that are the steps' sizes: nothing is warmed up. */

import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { meet, report, steps } from './measure.js'

const { rank, size } = comm
const [dest, source] = [(rank + 1) % size, (rank + size - 1) % size]

function callOf(row: string): () => Promise<unknown> {
  const object = { a: 7, b: 3.14 }
  const array = new Float64Array(row === 'allreduce-1k' ? 128 : 1).fill(1)
  const into = new Float64Array(array.length)
  switch (row) {
    case 'exchange':
      return () => comm.sendrecv(object, { dest, source })
    case 'number':
      return () => comm.allreduce(rank)
    case 'allreduce':
    case 'allreduce-1k':
      return () => comm.allreduce(array, SUM, { into })
    case 'bcast':
      return () => comm.bcast(array, { into: array })
    case 'barrier':
      return () => comm.barrier()
    default:
      throw new Error(`There is no row '${row}'.`)
  }
}

await meet()
let calls = 0
let spent = 0
const call = callOf(steps[0]!.row)
for (const step of steps) {
  const start = performance.now()
  for (; calls < step.size!; calls++) await call()
  spent += performance.now() - start
  report(step, (spent * 1000) / calls)
}

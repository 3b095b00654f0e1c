/**
 * A matrix in strips of rows, a strip a rank; each rank reads the column blocks that it needs from where they are, by a layout, and
 * multiplies. Who owns them computes meanwhile and need not know.
 *
 *     npx rxmpi run -n 4 examples/44-matrix-blocks.ts
 *
 * MPI: MPI_Get with MPI_Type_vector; Global Arrays' GA_Get.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { vector } from 'rxmpi/layout'

const N = 60
const first = (rank: number): number => Math.floor((N * rank) / comm.size)
const rows = first(comm.rank + 1) - first(comm.rank)

using a = await comm.allocateWindow(Float64Array, rows * N)
using b = await comm.allocateWindow(Float64Array, rows * N)
for (let i = 0; i < rows; i++) {
  for (let j = 0; j < N; j++) {
    a.local[i * N + j] = (i + first(comm.rank) + j) % 7
    b.local[i * N + j] = ((i + first(comm.rank)) * j) % 5
  }
}
await b.fence()

// Of C = A B this rank computes its rows, block of columns by block of columns.
const WIDTH = 20
let trace = 0
for (let left = 0; left < N; left += WIDTH) {
  const block = new Float64Array(N * WIDTH)
  await Promise.all(
    b.lengths.map((length, target) =>
      b.get({
        target,
        at: length === 0 ? 0 : left,
        layout: vector(length / N, WIDTH, N),
        into: block.subarray(first(target) * WIDTH, first(target + 1) * WIDTH)
      })
    )
  )
  for (let i = 0; i < rows; i++) {
    const column = i + first(comm.rank) - left
    if (column < 0 || column >= WIDTH) continue
    for (let k = 0; k < N; k++) trace += a.local[i * N + k]! * block[k * WIDTH + column]!
  }
}
const sum = await comm.reduce(trace, SUM)
if (sum !== undefined) console.log(`the trace of A B is ${sum}`)
await a.close()
await b.close()

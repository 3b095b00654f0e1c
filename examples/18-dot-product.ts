/**
 * The dot product of two vectors, of which every rank has a run, and with it the angle between them: three sums in one reduction.
 *
 *     npx rxmpi run -n 4 examples/18-dot-product.ts
 *
 * MPI: MPI_Allreduce on an array; mpi4py: comm.Allreduce.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const LENGTH = 1_000_000
const { rank, size } = comm
const [first, end] = [Math.floor((LENGTH * rank) / size), Math.floor((LENGTH * (rank + 1)) / size)]

const x = Float64Array.from({ length: end - first }, (_, k) => Math.sin(first + k))
const y = Float64Array.from({ length: end - first }, (_, k) => Math.sin(first + k + 1))

const sums = new Float64Array(3)
for (let k = 0; k < x.length; k++) {
  sums[0] += x[k] * y[k]
  sums[1] += x[k] * x[k]
  sums[2] += y[k] * y[k]
}
const [xy, xx, yy] = await comm.allreduce(sums, SUM, { into: sums })
const angle = Math.acos(xy / Math.sqrt(xx * yy))
console.log(`x · y = ${xy.toFixed(3)}, the angle between them is ${angle.toFixed(5)}`)

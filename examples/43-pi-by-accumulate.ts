/**
 * π as in `17-pi.ts`, but nobody collects: each rank adds its share to a number in the memory of rank 0.
 *
 *     npx rxmpi run -n 4 examples/43-pi-by-accumulate.ts
 *
 * MPI: MPI_Get, MPI_Accumulate, MPI_Win_fence; "cpi" with one-sided communication in "Using MPI-2", mpi4py's demo compute-pi.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const isRoot = comm.rank === 0
using strips = await comm.window(isRoot ? Int32Array.of(1_000_000) : new Int32Array(0))
using pi = await comm.allocateWindow(Float64Array, isRoot ? 1 : 0)

const [count] = await strips.get({ target: 0, count: 1 })
const width = 1 / count!
let area = 0
for (let k = comm.rank; k < count!; k += comm.size) area += (4 * width) / (1 + ((k + 0.5) * width) ** 2)
await pi.accumulate(Float64Array.of(area), SUM, { target: 0 })
await pi.fence()

if (isRoot) console.log(`π is about ${pi.local[0]!.toFixed(10)}`)
await pi.close()
await strips.close()

/**
 * An array that does not divide evenly: the first ranks get an element more. Each squares its run, and the runs are joined again.
 *
 *     npx rxmpi run -n 3 examples/15-scatterv.ts
 *
 * Counts are in elements. Only the root needs them.
 * MPI: MPI_Scatterv, MPI_Gatherv; mpi4py: comm.Scatterv, comm.Gatherv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

const { rank, size } = comm

const numbers = Int32Array.from({ length: 10 }, (_, k) => k + 1)
const counts = Array.from({ length: size }, (_, k) => Math.floor(numbers.length / size) + (k < numbers.length % size ? 1 : 0))

const mine = await comm.scatterv(rank === 0 ? numbers : new Int32Array(0), { counts })
console.log(`${mine.length} of them: ${mine.join(' ')}`)

const squares = await comm.gatherv(
  mine.map((x) => x * x),
  { counts }
)
if (rank === 0) console.log(`squares: ${squares?.join(' ')}`)

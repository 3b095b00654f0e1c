/**
 * π as the area under 4 ⁄ (1 + x²) between 0 and 1, by the midpoint rule; the ranks take the strips in turns.
 *
 *     npx rxmpi run -n 4 examples/17-pi.ts
 *
 * MPI: MPI_Bcast, MPI_Reduce; the first program of "Using MPI" (Gropp, Lusk, Skjellum).
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const strips = await comm.bcast(comm.rank === 0 ? 1_000_000 : 0)

const width = 1 / strips
let area = 0
for (let k = comm.rank; k < strips; k += comm.size) area += (4 * width) / (1 + ((k + 0.5) * width) ** 2)

const pi = await comm.reduce(area, SUM)
if (pi !== undefined) console.log(`π is about ${pi.toFixed(10)}, off by less than ${Math.abs(pi - Math.PI) < 1e-12 ? '1e-12' : '1'}`)

/**
 * Sends what is not contiguous from where it lies: a column of a matrix, and records with padding between their fields.
 *
 *     npx rxmpi run -n 4 examples/25-columns-and-records.ts
 *
 * Rank 0 has a matrix with a column for each rank, and deals the columns out; what comes back are records of whom had what. MPI:
 * MPI_Type_vector, MPI_Type_create_struct.
 */
import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
import { fieldwise, resized, struct, vector, view } from 'rxmpi/layout'

const { rank, size } = comm
const ROWS = 3

// One column after the other: each begins one element behind the last.
const matrix = rank === 0 ? Float64Array.from({ length: ROWS * size }, (_, k) => k) : undefined
const column = resized(vector(ROWS, 1, size), { extent: 1 })
const own = await comm.scatter(matrix && view(matrix, column, { count: size }), { into: new Float64Array(ROWS) })

const Summary = struct({ ranks: 'u8', largest: 'f64', sums: ['f64', 2] }) // 32 bytes, of which 25 travel
const summary = Summary.allocate(1)
const sum = own.reduce((a, b) => a + b)
summary.set(0, { ranks: 1, largest: Math.max(...own), sums: [sum, sum ** 2] })

const total = await comm.reduce(summary, fieldwise({ ranks: SUM, largest: MAX, sums: SUM }), { into: Summary.allocate(1) })
if (total !== undefined) {
  const { ranks, largest, sums } = total.get(0)
  console.log(`${ranks} columns, the largest element is ${largest}, the sums add up to ${sums[0]}`)
}

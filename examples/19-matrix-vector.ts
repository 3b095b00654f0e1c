/**
 * Matrix times vector: the rows are dealt out, everybody gets the vector, and the products are joined.
 *
 *     npx rxmpi run -n 3 examples/19-matrix-vector.ts
 *
 * MPI: MPI_Scatterv, MPI_Bcast, MPI_Gatherv; mpi4py: comm.Scatterv, comm.Bcast, comm.Gatherv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

const ROWS = 50
const COLUMNS = 40
const { rank, size } = comm

const rows = Array.from({ length: size }, (_, k) => Math.floor((ROWS * (k + 1)) / size) - Math.floor((ROWS * k) / size))

// The root alone has the whole matrix.
const matrix = new Float64Array(rank === 0 ? ROWS * COLUMNS : 0).map((_, k) => Math.floor(k / COLUMNS) + (k % COLUMNS))
const mine = await comm.scatterv(matrix, { counts: rows.map((count) => count * COLUMNS) })
const vector = await comm.bcast(Float64Array.from({ length: COLUMNS }, (_, column) => (column % 2 === 0 ? 1 : -1) * (column + 1)))

const product = Float64Array.from({ length: rows[rank] }, (_, row) => {
  let sum = 0
  for (let column = 0; column < COLUMNS; column++) sum += mine[row * COLUMNS + column] * vector[column]
  return sum
})
console.log(`${rows[rank]} rows are mine`)

const whole = await comm.gatherv(product)
if (whole !== undefined) console.log(`the product begins with ${whole.slice(0, 3).join(' ')} and ends with ${whole[ROWS - 1]}`)

/**
 * Matrix times matrix by Cannon's algorithm: every rank of a square grid has a block of each, and in every step multiplies them, then hands
 * its block of A to the left and its block of B upwards, round the edges. No rank ever has more than a block of each.
 *
 *     npx rxmpi run -n 4 examples/20-cannon.ts
 *
 * Ranks that are too many for a square look on. Source: Cannon, A cellular computer to implement the Kalman filter algorithm, 1969.
 * MPI: MPI_Comm_split, MPI_Sendrecv_replace, MPI_Gather; mpi4py: comm.Split, comm.Sendrecv_replace, comm.Gather.
 */
import { COMM_WORLD as world } from 'rxmpi'

const LENGTH = 36
const side = Math.floor(Math.sqrt(world.size))
const comm = await world.split(world.rank < side * side ? 0 : undefined)
if (comm === undefined) console.log('I look on')
else {
  if (LENGTH % side !== 0) throw new Error(`a matrix of ${LENGTH} rows has no ${side} equal blocks`)
  await multiply(comm)
  comm.free()
}

async function multiply(grid: NonNullable<typeof comm>): Promise<void> {
  const length = LENGTH / side
  const [row, column] = [Math.floor(grid.rank / side), grid.rank % side]
  const at = (r: number, c: number): number => ((r + side) % side) * side + ((c + side) % side)
  const shift = (block: Float64Array, dest: number, source: number): Promise<unknown> => grid.sendrecv(block, { dest, source, into: block })

  // Block (i, j) begins with A(i, i + j) and B(i + j, j), so that the inner indices meet.
  const a = block(row, (row + column) % side, (i, j) => i + 2 * j)
  const b = block((row + column) % side, column, (i, j) => (i === j ? 2 : 0) + (j === 0 ? 1 : 0))
  const c = new Float64Array(length * length)
  for (let step = 0; step < side; step++) {
    for (let i = 0; i < length; i++)
      for (let k = 0; k < length; k++) for (let j = 0; j < length; j++) c[i * length + j] += a[i * length + k] * b[k * length + j]
    await shift(a, at(row, column - 1), at(row, column + 1))
    await shift(b, at(row - 1, column), at(row + 1, column))
  }

  const blocks = await grid.gather(c)
  if (blocks === undefined) return
  const element = (i: number, j: number): number =>
    blocks[at(Math.floor(i / length), Math.floor(j / length))][(i % length) * length + (j % length)]
  console.log(`on ${side} × ${side} ranks: C(0, 0) = ${element(0, 0)}, C(35, 1) = ${element(35, 1)}`)

  function block(blockRow: number, blockColumn: number, entry: (i: number, j: number) => number): Float64Array {
    return Float64Array.from({ length: length * length }, (_, k) =>
      entry(blockRow * length + Math.floor(k / length), blockColumn * length + (k % length))
    )
  }
}

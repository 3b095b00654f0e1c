/**
 * The conjugate gradient method for Poisson's equation on a square, which is spread over a grid of ranks: in every iteration the ghosts are
 * filled by a halo and two dot products are added up by a reduction that was made once.
 *
 *     npx rxmpi run -n 4 examples/33-laplacian.ts
 *
 * Source: Hestenes, Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, 1952. MPI: MPI_Cart_create, MPI_Allreduce_init;
 * mpi4py: comm.Create_cart, comm.Allreduce_init. The same in mpi4py and NumPy is `bench/peer/laplacian.py`.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const SIDE = 64
const TOLERANCE = 1e-10

const grid = (await comm.cart({ dims: 2 }))!
const firstOf = (d: number, coord: number): number => Math.floor((SIDE * coord) / grid.dims[d])
const [rows, columns] = grid.coords.map((coord, d) => firstOf(d, coord + 1) - firstOf(d, coord))
// Beyond the square the solution is 0, which ghosts are from the start.
const halo = grid.halo({ sizes: [rows, columns], corners: false })
const [x, r, p, q] = [0, 0, 0, 0].map(() => halo.allocate(Float64Array))
const step = halo.shape[1]

/** Calls `each` with the place of every cell of this rank. */
function cells(each: (at: number) => void): void {
  for (let i = 0; i < rows; i++) {
    const from = halo.index(i, 0)
    for (let at = from; at < from + columns; at++) each(at)
  }
}

const sum = new Float64Array(1)
const added = grid.allreduceInit(sum, SUM, { into: sum })
async function dot(a: Float64Array, b: Float64Array): Promise<number> {
  let own = 0
  cells((at) => {
    own += a[at] * b[at]
  })
  sum[0] = own
  await added.start().wait()
  return sum[0]
}

cells((at) => {
  r[at] = 1 / (SIDE + 1) ** 2
  p[at] = r[at]
})
let squares = await dot(r, r)
const goal = TOLERANCE ** 2 * squares
let iterations = 0
for (; squares > goal; iterations++) {
  await halo.exchange(p)
  cells((at) => {
    q[at] = 4 * p[at] - p[at - step] - p[at + step] - p[at - 1] - p[at + 1]
  })
  const alpha = squares / (await dot(p, q))
  cells((at) => {
    x[at] += alpha * p[at]
    r[at] -= alpha * q[at]
  })
  const before = squares
  squares = await dot(r, r)
  const beta = squares / before
  cells((at) => {
    p[at] = r[at] + beta * p[at]
  })
}

let own = 0
cells((at) => {
  own = Math.max(own, x[at])
})
const highest = await grid.allgather(own)
if (comm.rank === 0) console.log(`solved in ${iterations} iterations; the highest point is ${Math.max(...highest).toFixed(6)}`)
added.free()
halo.free()
grid.free()

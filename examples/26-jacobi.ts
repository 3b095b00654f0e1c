/**
 * Laplace's equation on a square that is spread over a grid of ranks, by Jacobi's method: each point becomes the mean of its neighbours, until
 * nothing changes any more. A rank owns a block and has ghosts around it, which `halo.steps` fills from its neighbours while the block's
 * inside is computed. All ranks see the same residual, so all stop at the same step.
 *
 * Run: rxmpi run -n 4 examples/26-jacobi.ts
 */
import { lastValueFrom, map, takeWhile } from 'rxjs'
import { type Box, COMM_WORLD as comm, MAX } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const SIDE = 24
const TOLERANCE = 1e-4

const grid = (await comm.cart({ dims: 2 }))!
/** The points of this rank along a dimension: as even as may be. */
const firstOf = (d: number, coord: number): number => Math.floor((SIDE * coord) / grid.dims[d]!)
const first = grid.coords.map((coord, d) => firstOf(d, coord))
const sizes = grid.coords.map((coord, d) => firstOf(d, coord + 1) - first[d]!)

// The ghosts beyond the square are its edge, and are kept: 1 at the top, 0 elsewhere.
const halo = grid.halo({ sizes, corners: false })
const [old, next] = [halo.allocate(Float64Array), halo.allocate(Float64Array)]
if (first[0] === 0) for (const u of [old, next]) for (let j = 0; j < sizes[1]!; j++) u[halo.index(-1, j)] = 1

let change = 0
function jacobi(from: Float64Array, to: Float64Array, { start, end }: Box): void {
  for (let i = start[0]!; i < end[0]!; i++) {
    for (let j = start[1]!; j < end[1]!; j++) {
      const at = halo.index(i, j)
      to[at] = (from[halo.index(i - 1, j)]! + from[halo.index(i + 1, j)]! + from[at - 1]! + from[at + 1]!) / 4
      change = Math.max(change, Math.abs(to[at]! - from[at]!))
    }
  }
}

const { step, residual, middle } = await lastValueFrom(
  halo.steps([old, next], jacobi).pipe(
    map((u) => {
      const [i, j] = [SIDE / 2 - first[0]!, SIDE / 2 - first[1]!]
      const isHere = i >= 0 && i < sizes[0]! && j >= 0 && j < sizes[1]!
      const own = Float64Array.of(change, isHere ? u[halo.index(i, j)]! : 0)
      change = 0
      return own
    }),
    mpi.allreduce(grid, MAX, { window: 1 }),
    map(([residual, middle], step) => ({ step: step + 1, residual: residual!, middle: middle! })),
    takeWhile(({ residual }) => residual > TOLERANCE, true)
  )
)
if (comm.rank === 0) {
  console.log(`after ${step} steps nothing changes by more than ${residual.toExponential(1)}; in the middle it is ${middle.toFixed(3)}`)
}
halo.free()
grid.free()

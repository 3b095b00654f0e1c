/**
 * Conway's Game of Life on a board whose edges meet, spread over a grid of ranks. Whether a cell lives depends on its eight neighbours, so
 * a block needs ghosts at its corners, too.
 *
 *     npx rxmpi run -n 4 examples/31-game-of-life.ts
 *
 * Source: Gardner, The fantastic combinations of John Conway's new solitaire game "life", 1970. MPI: MPI_Cart_create,
 * MPI_Neighbor_alltoallw; mpi4py: comm.Create_cart, comm.Neighbor_alltoallw.
 */
import { lastValueFrom, take } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'

const SIDE = 20
const GENERATIONS = 120
const GLIDER = [1, SIDE + 2, 2 * SIDE, 2 * SIDE + 1, 2 * SIDE + 2]

const grid = (await comm.cart({ dims: 2, periodic: [true, true] }))!
const firstOf = (d: number, coord: number): number => Math.floor((SIDE * coord) / grid.dims[d])
const first = grid.coords.map((coord, d) => firstOf(d, coord))
const sizes = grid.coords.map((coord, d) => firstOf(d, coord + 1) - first[d])
const halo = grid.halo({ sizes })

/** The cells of this rank: where they are in the array, and on the whole board. */
const cells = Array.from({ length: sizes[0] * sizes[1] }, (_, k) => {
  const [i, j] = [Math.floor(k / sizes[1]), k % sizes[1]]
  return { at: halo.index(i, j), place: (first[0] + i) * SIDE + first[1] + j }
})
const boards: [Uint8Array, Uint8Array] = [halo.allocate(Uint8Array), halo.allocate(Uint8Array)]
for (const { at, place } of cells) boards[0][at] = GLIDER.includes(place) ? 1 : 0

const row = halo.shape[1]
const last = await lastValueFrom(
  halo
    .steps(boards, (from, to, { start, end }) => {
      for (let i = start[0]; i < end[0]; i++) {
        for (let j = start[1]; j < end[1]; j++) {
          const at = halo.index(i, j)
          let neighbours = from[at - 1] + from[at + 1]
          for (let k = -1; k <= 1; k++) neighbours += from[at - row + k] + from[at + row + k]
          to[at] = neighbours === 3 || (neighbours === 2 && from[at] === 1) ? 1 : 0
        }
      }
    })
    .pipe(take(GENERATIONS))
)

const living = await grid.gather(cells.filter(({ at }) => last[at] === 1).map(({ place }) => place))
if (living !== undefined) {
  const places = living.flat().sort((a, b) => a - b)
  // A glider goes down and to the right by one cell in four generations: by 30 here, and the board is 20 wide.
  const moved = places.map((place) => place - 10 * SIDE - 10)
  const isThere = moved.join() === GLIDER.join()
  console.log(`after ${GENERATIONS} generations ${places.length} cells live: the glider has gone 10 down and to the right: ${isThere}`)
}
halo.free()
grid.free()

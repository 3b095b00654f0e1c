/**
 * The heat equation in a plate that is spread over a grid of ranks, each with a block and ghosts around it: copies of its neighbours' borders.
 * `halo.steps` exchanges them while the inside of the block is computed, and then has the borders computed.
 *
 *     npx rxmpi run -n 4 examples/07-heat.ts
 *
 * Each point is computed by the same expression wherever it lies, so the result has the same bits on any number of ranks. The
 * program checks that: rank 0 solves the whole plate again alone, by the same function on `COMM_SELF`.
 * MPI: MPI_Cart_create, MPI_Type_create_subarray, MPI_Neighbor_alltoallw, MPI_COMM_SELF.
 */
import { lastValueFrom, take } from 'rxjs'
import { type Box, type Cartesian, COMM_SELF, COMM_WORLD, type Communicator } from 'rxmpi'
import { subarray, view } from 'rxmpi/layout'

const SIDE = 192
const STEPS = 600
/** Diffusivity × time step / distance²; above 1/4 the scheme is unstable. */
const RATE = 0.24

const plate = await solve(COMM_WORLD)

if (plate !== undefined) {
  const alone = await solve(COMM_SELF)
  draw(plate)
  console.log(`after ${STEPS} steps: centre ${plate[(SIDE / 2) * (SIDE + 1)].toFixed(6)}, sum ${plate.reduce((a, b) => a + b).toFixed(6)}`)
  console.log(`checksum ${checksum(plate)}`)
  console.log(plate.every((value, i) => Object.is(value, alone![i])) ? 'the same bits as on one rank' : 'NOT what one rank computes')
}

/** The plate after all steps, at rank 0. */
async function solve(comm: Communicator): Promise<Float64Array | undefined> {
  const grid = (await comm.cart({ dims: 2 }))!
  const blocks = Array.from({ length: grid.size }, (_, rank) => blockOf(grid, rank))
  const { starts, subsizes } = blocks[grid.rank]!
  const halo = grid.halo({ sizes: subsizes, corners: false }) // What lies beyond the plate is its edge, and is kept.

  const plates = [halo.allocate(Float64Array), halo.allocate(Float64Array)] as const
  for (const plate of plates) {
    for (let i = -1; i < subsizes[0]!; i++) {
      for (let j = 0; j < subsizes[1]!; j++) plate[halo.index(i, j)] = initially(starts[0]! + i, starts[1]! + j)
    }
  }
  /** One step of some of the points. */
  const diffuse = (now: Float64Array, next: Float64Array, { start, end }: Box): void => {
    const row = halo.shape[1]!
    for (let i = start[0]!; i < end[0]!; i++) {
      for (let at = halo.index(i, start[1]!); at < halo.index(i, end[1]!); at++) {
        next[at] = now[at] + RATE * (now[at - row] + now[at + row] + now[at - 1] + now[at + 1] - 4 * now[at])
      }
    }
  }
  const last = await lastValueFrom(halo.steps(plates, diffuse).pipe(take(STEPS)))

  // Each block is sent from where it lies within its ghosts, and received to where it lies in the plate.
  const whole = grid.rank === 0 ? new Float64Array(SIDE * SIDE) : undefined
  const into = whole && blocks.map((block) => view(whole, subarray({ sizes: [SIDE, SIDE], ...block })))
  await grid.gather(view(last, subarray({ sizes: halo.shape, subsizes, starts: [1, 1] })), { into })
  halo.free()
  grid.free()
  return whole
}

/** What a rank has of the plate: as even as may be. */
function blockOf(grid: Cartesian, rank: number): { starts: number[]; subsizes: number[] } {
  const first = (coord: number, d: number): number => Math.floor((SIDE * coord) / grid.dims[d]!)
  const coords = grid.coordsOf(rank)
  const starts = coords.map(first)
  return { starts, subsizes: coords.map((coord, d) => first(coord + 1, d) - starts[d]!) }
}

/** Cold, but for a hot disc in the middle, and an edge that is warm above the first row. */
function initially(y: number, x: number): number {
  if (y < 0) return 50
  return Math.hypot(y - SIDE / 2, x - SIDE / 2) < SIDE / 6 ? 100 : 0
}

/** FNV-1a over the bytes of the field: equal sums could hide errors that cancel. */
function checksum(field: Float64Array): string {
  let hash = 0x811c9dc5
  for (const byte of new Uint8Array(field.buffer)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function draw(field: Float64Array): void {
  const shades = ' .:-=+*#%@'
  for (let y = 0; y < SIDE; y += 12) {
    let line = ''
    for (let x = 0; x < SIDE; x += 5) line += shades[Math.min(9, Math.floor(field[y * SIDE + x] / 8))]
    console.log(line.trimEnd())
  }
}

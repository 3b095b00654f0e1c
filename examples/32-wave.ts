/**
 * A wave in a room with hard walls, on a grid of ranks in three dimensions: the 27-point stencil looks at edges and corners, so those of
 * the ghosts are filled, too, in three steps of two messages each instead of 26 messages.
 *
 *     npx rxmpi run -n 4 examples/32-wave.ts
 *
 * u(t + 1) = 2 u(t) - u(t - 1) + c² Δu(t). The array of the step before is the one that is written, so two arrays do.
 * Source: O'Reilly, Beck, A family of large-stencil discrete Laplacian approximations in three dimensions, 2006.
 */
import { lastValueFrom, take } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const SIDE = 20
const STEPS = 60
const SPEED = 0.25

const grid = (await comm.cart({ dims: 3 }))!
const firstOf = (d: number, coord: number): number => Math.floor((SIDE * coord) / grid.dims[d])
const first = grid.coords.map((coord, d) => firstOf(d, coord))
const sizes = grid.coords.map((coord, d) => firstOf(d, coord + 1) - first[d])
const halo = grid.halo({ sizes, boundary: 'nearest' })
const [now, before] = [halo.allocate(Float64Array), halo.allocate(Float64Array)]

/** A bump in one corner of the room, at rest. */
const bump = (d: number, k: number): number => Math.exp(-(((first[d] + k - 5) / 2) ** 2))
for (let i = 0; i < sizes[0]; i++) {
  for (let j = 0; j < sizes[1]; j++) {
    for (let k = 0; k < sizes[2]; k++) {
      const at = halo.index(i, j, k)
      now[at] = bump(0, i) * bump(1, j) * bump(2, k)
      before[at] = now[at]
    }
  }
}

/** The 26 neighbours, by how many steps they are away: six of weight 14, twelve of 3, eight of 1, of 30. */
const WEIGHTS = [-128 / 30, 14 / 30, 3 / 30, 1 / 30]
const stencil: [offset: number, weight: number][] = []
for (let i = -1; i <= 1; i++) {
  for (let j = -1; j <= 1; j++) {
    for (let k = -1; k <= 1; k++) stencil.push([halo.index(i, j, k) - halo.index(0, 0, 0), WEIGHTS[i * i + j * j + k * k]])
  }
}

const last = await lastValueFrom(
  halo
    .steps([now, before], (from, to, { start, end }) => {
      for (let i = start[0]; i < end[0]; i++) {
        for (let j = start[1]; j < end[1]; j++) {
          for (let k = start[2]; k < end[2]; k++) {
            const at = halo.index(i, j, k)
            let laplacian = 0
            for (const [offset, weight] of stencil) laplacian += weight * from[at + offset]
            to[at] = 2 * from[at] - to[at] + SPEED * laplacian
          }
        }
      }
    })
    .pipe(take(STEPS))
)

/** The walls reflect, so nothing is lost: the sum of all is what it was. */
const sumOf = (u: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < sizes[0]; i++) for (let j = 0; j < sizes[1]; j++) for (let k = 0; k < sizes[2]; k++) sum += u[halo.index(i, j, k)]
  return sum
}
const far = [SIDE - 1 - first[0], SIDE - 1 - first[1], SIDE - 1 - first[2]]
const isFar = far.every((k, d) => k >= 0 && k < sizes[d])
const own = Float64Array.of(sumOf(last), isFar ? last[halo.index(far[0], far[1], far[2])] : 0)
const total = await grid.reduce(own, SUM)
if (total !== undefined)
  console.log(`after ${STEPS} steps the sum is ${total[0].toFixed(6)}, in the far corner it is ${total[1].toFixed(6)}`)
halo.free()
grid.free()

/**
 * Heat that spreads in a plate, stopped and continued: the state is one file, to which each rank writes its block of the plate. It may be
 * continued on any number of ranks, and the numbers are the same, bit for bit. NumPy reads the file, too: `numpy.load('plate.npy')`.
 *
 * Run: rxmpi run -n 4 examples/28-checkpoint.ts plate.npy 100, and then again, on 3 ranks or 1.
 */
import { existsSync } from 'node:fs'
import { lastValueFrom, take } from 'rxjs'
import { type Box, COMM_WORLD as comm, MAX } from 'rxmpi'
import { distributed, subarray, view } from 'rxmpi/layout'
import { createNpy, openNpy } from 'rxmpi/npy'

const [path = '/tmp/rxmpi-plate.npy', steps = '100'] = process.argv.slice(2)
const SIDE = 60

const grid = (await comm.cart({ dims: 2 }))!
// This rank's block, as an array of the file, and within the ghosts of its own.
const mine = distributed({ sizes: [SIDE, SIDE], grid: grid.dims, coords: grid.coords, by: ['block', 'block'] })
const block = grid.dims.map((places) => Math.ceil(SIDE / places))
const sizes = grid.coords.map((coord, d) => Math.min(block[d]!, SIDE - coord * block[d]!))
const halo = grid.halo({ sizes, corners: false, boundary: 0 })
const [old, next] = [halo.allocate(Float64Array), halo.allocate(Float64Array)]
const own = (u: Float64Array) => view(u, subarray({ sizes: halo.shape, subsizes: sizes, starts: [1, 1] }))

const isNew = await comm.bcast(comm.rank === 0 ? !existsSync(path) : undefined)
if (isNew) {
  // A hot square in the middle.
  for (let i = 0; i < sizes[0]!; i++) {
    for (let j = 0; j < sizes[1]!; j++) {
      const place = [i, j].map((at, d) => grid.coords[d]! * block[d]! + at)
      old[halo.index(i, j)] = place.every((at) => at >= SIDE / 3 && at < (2 * SIDE) / 3) ? 100 : 0
    }
  }
} else {
  const { file } = await openNpy(comm, path)
  await file.setView({ ...file.view, layout: mine })
  await file.readAll({ into: own(old) })
  await file.close()
}

function spread(from: Float64Array, to: Float64Array, { start, end }: Box): void {
  for (let i = start[0]!; i < end[0]!; i++) {
    for (let j = start[1]!; j < end[1]!; j++) {
      const around = from[halo.index(i - 1, j)]! + from[halo.index(i + 1, j)]! + from[halo.index(i, j - 1)]! + from[halo.index(i, j + 1)]!
      to[halo.index(i, j)] = from[halo.index(i, j)]! / 2 + around / 8
    }
  }
}
const last = await lastValueFrom(halo.steps([old, next], spread).pipe(take(Number(steps))))

// Whatever happens while it is written, the old state is whole.
const { file } = await createNpy(comm, path, { shape: [SIDE, SIDE], replace: true })
await file.setView({ ...file.view, layout: mine })
await file.writeAll(own(last))
await file.close()

const hottest = await comm.allreduce(Math.max(...own(last).pack()), MAX)
if (comm.rank === 0) console.log(`${isNew ? 'begun' : 'continued'}: ${steps} steps, the hottest is at ${hottest.toFixed(6)}`)
halo.free()
grid.free()

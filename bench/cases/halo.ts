/** Ghost cells around the blocks of a grid of ranks are filled again and again. */

import { COMM_WORLD as comm, computeDims } from 'rxmpi'
import { report, steps, time } from './measure.js'

const blocks: Record<string, { sizes: number[]; corners: boolean }> = {
  square: { sizes: [512, 512], corners: false },
  cube: { sizes: [64, 64, 64], corners: true }
}

for (const step of steps) {
  const { sizes, corners } = blocks[step.row]!
  const dims = computeDims(comm.size, sizes.length)
  const grid = (await comm.cart({ dims, periodic: dims.map(() => true) }))!
  const halo = grid.halo({ sizes, corners })
  const u = halo.allocate(Float64Array)
  const milliseconds = await time(step, async (iterations) => {
    for (let k = 0; k < iterations; k++) await halo.exchange(u)
  })
  report(step, milliseconds * 1000)
  halo.free()
  grid.free()
}

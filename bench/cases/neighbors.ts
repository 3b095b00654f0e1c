/** A ring of ranks exchanges with both neighbours again and again. OSU: osu_neighbor_alltoall. */

import { COMM_WORLD as comm } from 'rxmpi'
import { report, steps, time } from './measure.js'

const ring = (await comm.cart({ dims: 1, periodic: true }))!

for (const step of steps) {
  const { size = 8 } = step
  const [own, into] = [new Float64Array(size / 4).fill(1), new Float64Array(size / 4)]
  const milliseconds = await time(step, async (iterations) => {
    for (let k = 0; k < iterations; k++) await ring.neighborAlltoall(own, { into })
  })
  report(step, milliseconds * 1000)
}

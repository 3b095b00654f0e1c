/** Rank 0 sends a window of arrays at once, rank 1 receives them in place and answers. OSU: osu_bw. */

import { COMM_WORLD as comm, Request } from 'rxmpi'
import { report, steps, time } from './measure.js'

const answer = new Float64Array(1)

for (const step of steps) {
  const { size = 8, window = 1 } = step
  const array = new Float64Array(size / 8).fill(1)
  const milliseconds = await time(step, async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (comm.rank === 0) {
        await Request.waitAll(Array.from({ length: window }, () => comm.isend(array, { dest: 1 })))
        await comm.recv({ source: 1, into: answer })
      } else {
        await Request.waitAll(Array.from({ length: window }, () => comm.irecv({ source: 0, into: array })))
        await comm.send(answer, { dest: 0 })
      }
    }
  })
  report(step, (size * window) / milliseconds / 1000)
}

/** Rank 0 sends short messages as fast as they are taken, rank 1 receives them in a stream. OSU: osu_mbw_mr with one pair. */

import { lastValueFrom, take } from 'rxjs'
import { COMM_WORLD as comm, Request } from 'rxmpi'
import { report, steps, time } from './measure.js'

for (const step of steps) {
  const { size = 64, window = 1 } = step
  const bytes = new Uint8Array(size)
  const milliseconds = await time(step, async (iterations) => {
    if (comm.rank === 0) {
      for (let i = 0; i < iterations; i++) await Request.waitAll(Array.from({ length: window }, () => comm.isend(bytes, { dest: 1 })))
      await comm.recv({ source: 1 })
    } else {
      await lastValueFrom(comm.messages({ source: 0 }).pipe(take(iterations * window)))
      await comm.send(0, { dest: 0 })
    }
  })
  report(step, window / milliseconds / 1000)
}

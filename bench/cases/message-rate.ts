/** Rank 0 sends small objects in windows, rank 1 receives them in three ways. OSU: osu_mbw_mr with one pair. */

import { lastValueFrom, take } from 'rxjs'
import { COMM_WORLD as comm, Request } from 'rxmpi'
import { report, steps, time } from './measure.js'

const object = { a: 7, b: 3.14 }

const sendWindow = (length: number) => Request.waitAll(Array.from({ length }, () => comm.isend(object, { dest: 1 })))

const receivers: Record<string, (count: number) => Promise<unknown>> = {
  recv: async (count) => {
    for (let i = 0; i < count; i++) await comm.recv({ source: 0 })
  },
  irecv: (count) => Request.waitAll(Array.from({ length: count }, () => comm.irecv({ source: 0 }))),
  messages: (count) => lastValueFrom(comm.messages({ source: 0 }).pipe(take(count)))
}

for (const step of steps) {
  const { row, window = 1 } = step
  const receive = receivers[row]
  const answers = row !== 'messages'
  const milliseconds = await time(step, async (iterations) => {
    if (comm.rank === 0) {
      for (let i = 0; i < iterations; i++) {
        await sendWindow(window)
        if (answers) await comm.recv({ source: 1 })
      }
      if (!answers) await comm.recv({ source: 1 })
    } else if (answers) {
      for (let i = 0; i < iterations; i++) {
        await receive(window)
        await comm.send(0, { dest: 0 })
      }
    } else {
      await receive(iterations * window)
      await comm.send(0, { dest: 0 })
    }
  })
  report(step, window / milliseconds / 1000)
}

/** More ranks than cores hand one object round and round: whoever waits must give way. */

import { COMM_WORLD as comm } from 'rxmpi'
import { report, steps, time } from './measure.js'

const { rank, size } = comm
const dest = (rank + 1) % size
const source = (rank + size - 1) % size
const object = { a: 7, b: 3.14 }

for (const step of steps) {
  const milliseconds = await time(step, async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (rank === 0) {
        await comm.send(object, { dest })
        await comm.recv({ source })
      } else {
        await comm.send(await comm.recv({ source }), { dest })
      }
    }
  })
  report(step, milliseconds * step.iterations)
}

/** Four ranks that one starts, to where both sides have closed; and two ranks that meet at a port and part again. */

import { firstValueFrom } from 'rxjs'
import { COMM_SELF, COMM_WORLD as comm } from 'rxmpi'
import { report, steps, time } from './measure.js'

const child = new URL('./worlds-child.ts', import.meta.url)

for (const step of steps) {
  const once =
    step.row === 'spawn'
      ? async () => {
          if (comm.rank !== 0) return
          const children = await COMM_SELF.spawn(child, { ranks: 4 })
          await children.close()
        }
      : async () => {
          const inter = await (comm.rank === 0 ? firstValueFrom(COMM_SELF.listen('desk')) : COMM_SELF.connect('desk', { timeout: 10_000 }))
          await inter.close()
        }
  const milliseconds = await time(step, async (iterations) => {
    for (let k = 0; k < iterations; k++) {
      await once()
      await comm.barrier()
    }
  })
  report(step, milliseconds)
}

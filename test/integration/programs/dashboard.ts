/** Ranks that do all that a dashboard shows: exchange messages, wait for each other in a circle, fail, compute, and spawn another. */
import { COMM_SELF, COMM_WORLD as comm, COMM_PARENT as parent } from 'rxmpi'

const TEN_MINUTES = 600_000
const clock = setInterval(() => undefined, 1000)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

if (parent !== undefined) await parent.recv({ source: 0, tag: 9 })
else if (process.argv[2] === 'stuck') {
  // Until somebody looks on; from then on nothing but a message could wake it.
  clearInterval(clock)
  if (comm.rank === 0) for await (const _ of process.stdin) break
  await comm.recv({ source: 1 - comm.rank, tag: 7 })
} else if (comm.rank < 3) {
  if (comm.rank === 0) await COMM_SELF.spawn(new URL(import.meta.url))
  const trio = [(comm.rank + 1) % 3, (comm.rank + 2) % 3] as const
  const plate = new Float64Array(500 * (comm.rank + 1))
  for (;;) {
    await comm.sendrecv(plate, { dest: trio[0], source: trio[1] })
    await pause(20)
  }
} else if (comm.rank < 6) await comm.recv({ source: 3 + ((comm.rank - 2) % 3), tag: 7 })
else if (comm.rank === 6) {
  await pause(500)
  const failure = new Error('the pump <b>P-7</b> has stopped')
  failure.stack = `Error: ${failure.message}`
  throw failure
} else for (const end = Date.now() + TEN_MINUTES; Date.now() < end; );

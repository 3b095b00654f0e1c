/** A counter that all ranks draw from; a mutex that one rank takes again and again, and one that all do. mpi4py: util.sync. */

import { COMM_WORLD as comm } from 'rxmpi'
import { Counter, Mutex } from 'rxmpi/sync'
import { report, steps, time } from './measure.js'

const counter = await Counter.create(comm)
const mutex = await Mutex.create(comm)

for (const step of steps) {
  const { row } = step
  const call =
    row === 'counter'
      ? () => counter.next()
      : async () => {
          const held = await mutex.acquire()
          held.release()
        }
  // Free: of the rank that does not keep it.
  const takesPart = row !== 'free' || comm.rank === comm.size - 1
  const milliseconds = await time(step, async (iterations) => {
    for (let i = 0; takesPart && i < iterations; i++) await call()
    await comm.barrier()
  })
  report(step, milliseconds * 1000)
}
await mutex.close()
await counter.close()

/** Both ranks wait in `recv` until a timer of rank 1 sends, and count the processor time of that while. */

import { COMM_WORLD as comm } from 'rxmpi'
import { meet, report, steps } from './measure.js'

for (const step of steps) {
  if (step.row !== 'waiting') continue
  await meet()
  // Of the process: the threads of all ranks and the launcher's.
  const before = process.cpuUsage()
  if (comm.rank === 1) setTimeout(() => comm.send('wake', { dest: 0 }), step.seconds! * 1000)
  await comm.recv({ source: 1 - comm.rank })
  if (comm.rank === 0) await comm.send('answer', { dest: 1 })
  const { user, system } = process.cpuUsage(before)
  report(step, (user + system) / 1e6)
}

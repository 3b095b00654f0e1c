/** Rank 0 sleeps while rank 1 sends it numbered objects as fast as it may; afterwards it receives every one of them. */

import { setTimeout as delay } from 'node:timers/promises'
import { COMM_WORLD as comm } from 'rxmpi'
import { meet, report, steps } from './measure.js'

const sleeps: Record<string, (seconds: number) => unknown> = {
  timer: (seconds) => delay(seconds * 1000),
  blocked: (seconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
}

await meet()
// Of the process, so the sender's growth counts too; and taken once, for what a first row leaves behind would hide a second's growth.
const before = process.memoryUsage.rss()

for (const step of steps) {
  await meet()
  if (comm.rank === 1) {
    for (let number = 0; number < step.iterations; number++) await comm.send({ number }, { dest: 0 })
  } else {
    await sleeps[step.row](step.seconds!)
    let most = process.memoryUsage.rss()
    for (let number = 0; number < step.iterations; number++) {
      const received = await comm.recv<{ number: number }>({ source: 1 })
      if (received.number !== number) throw new Error(`message ${number} was lost: ${received.number} came in its place`)
      if (number % 65_536 === 0) most = Math.max(most, process.memoryUsage.rss())
    }
    report(step, (most - before) / 1e6)
  }
}

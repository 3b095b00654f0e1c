/** Tasks of 10 µs on the one worker of a pool; how much of its time is the tasks'. */

import { count, lastValueFrom } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'
import { report, steps, time } from './measure.js'

const TASK_MS = 0.01

const busy = (n: number): number => {
  const end = performance.now() + 0.01
  while (performance.now() < end) {}
  return n
}

for (const step of steps) {
  const milliseconds = await time(step, async (iterations) => {
    const pool = await RankPool.of(comm)
    if (pool === undefined) return
    const options = step.window === undefined ? {} : { chunk: step.window }
    const done = await lastValueFrom(pool.map(busy, Array(iterations).keys(), options).pipe(count()))
    if (done !== iterations) throw new Error(`${done} of ${iterations} tasks were done`)
    await pool.close()
  })
  report(step, (TASK_MS / milliseconds) * 100)
}

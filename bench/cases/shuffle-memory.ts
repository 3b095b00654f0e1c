/** Every rank shuffles its share of small records; how much the memory of all of them grows meanwhile, and whether all records come. */

import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { meet, report, steps } from './measure.js'

type Rec = { key: number; value: number }

function* records(count: number): Generator<Rec> {
  for (let k = 0; k < count; k++) yield { key: (k * 7919) % 100_003, value: k }
}

await meet()
const before = process.memoryUsage.rss()

for (const step of steps) {
  await meet()
  const mine = Math.floor(step.iterations / comm.size)
  let most = 0
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  const count = await new Promise<number>((resolve, reject) => {
    let count = 0
    mpi
      .partitionTo<Rec>(
        comm,
        ({ key }) => key
      )(records(mine))
      .subscribe({
        next: () => {
          if (++count % 65_536 === 0) look()
        },
        error: reject,
        complete: () => resolve(count)
      })
  })
  if (comm.rank > 0) await comm.send(count, { dest: 0 })
  else {
    let all = count
    for (let source = 1; source < comm.size; source++) all += await comm.recv<number>({ source })
    if (all !== mine * comm.size) throw new Error(`${all} of ${mine * comm.size} records came`)
    look()
    report(step, (most - before) / 1e6)
  }
}

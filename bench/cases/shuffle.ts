/** Every rank shuffles its share of small records to all by their keys. */

import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { report, steps, time } from './measure.js'

function* records(count: number): Generator<{ key: number; value: number }> {
  for (let k = 0; k < count; k++) yield { key: (k * 7919) % 100_003, value: k }
}

for (const step of steps) {
  const milliseconds = await time(step, async (iterations) => {
    const mine = Math.floor(iterations / comm.size)
    const shuffled = mpi.partitionTo<{ key: number; value: number }>(comm, ({ key }) => key)(records(mine))
    const count = await lastValueFrom(shuffled.pipe(reduce((sum) => sum + 1, 0)))
    if (comm.rank > 0) await comm.send(count, { dest: 0 })
    else {
      let all = count
      for (let source = 1; source < comm.size; source++) all += await comm.recv<number>({ source })
      if (all !== mine * comm.size) throw new Error(`${all} of ${mine * comm.size} records came`)
    }
  })
  report(step, 1 / milliseconds / 1000)
}

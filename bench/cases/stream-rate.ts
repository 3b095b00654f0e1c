/** Rank 0 sends what an iterable gives, rank 1 counts it, through windows of the default size. */

import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { report, steps, time } from './measure.js'

const object = { a: 7, b: 3.14 }
const values: Record<string, (k: number) => unknown> = { objects: () => object, numbers: (k) => k }

function* repeat(count: number, value: (k: number) => unknown): Generator<unknown> {
  for (let k = 0; k < count; k++) yield value(k)
}

for (const step of steps) {
  const milliseconds = await time(step, async (iterations) => {
    if (comm.rank === 0) {
      await lastValueFrom(mpi.sendTo(comm, { dest: 1 })(repeat(iterations, values[step.row]!)), { defaultValue: undefined })
      await comm.recv({ source: 1 })
    } else {
      const count = await lastValueFrom(mpi.receiveFrom(comm, { source: 0 }).pipe(reduce((sum) => sum + 1, 0)))
      if (count !== iterations) throw new Error(`${count} of ${iterations} values came`)
      await comm.send(0, { dest: 0 })
    }
  })
  report(step, 1 / milliseconds / 1000)
}

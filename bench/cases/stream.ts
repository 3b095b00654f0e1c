/** Rounds of a stream of numbers through `mpi.allreduce`. */

import { lastValueFrom } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { report, steps, time } from './measure.js'

for (const step of steps) {
  const milliseconds = await time(step, async (iterations) => {
    await lastValueFrom(mpi.allreduce(comm, SUM)(Array(iterations).keys()))
  })
  report(step, 1 / milliseconds)
}

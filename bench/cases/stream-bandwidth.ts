/**
 * Arrays through a stream, beside windows of isend that rank 1 answers: what share of their bandwidth it reaches, both in one run and by
 * turns.
 */

import { lastValueFrom } from 'rxjs'
import { COMM_WORLD as comm, Request } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { report, steps, time } from './measure.js'

for (const step of steps) {
  const { size = 0, window = 1 } = step
  const array = new Float64Array(size / 8)
  function* repeat(count: number): Generator<Float64Array> {
    for (let k = 0; k < count; k++) yield array
  }
  const streamed = async (iterations: number): Promise<void> => {
    if (comm.rank === 0) {
      await lastValueFrom(mpi.sendTo(comm, { dest: 1 })(repeat(iterations * window)), { defaultValue: undefined })
      await comm.recv({ source: 1 })
    } else {
      await lastValueFrom(mpi.receiveFrom(comm, { source: 0 }), { defaultValue: undefined })
      await comm.send(0, { dest: 0 })
    }
  }
  const windows = async (iterations: number): Promise<void> => {
    for (let k = 0; k < iterations; k++) {
      if (comm.rank === 0) {
        await Request.waitAll(Array.from({ length: window }, () => comm.isend(array, { dest: 1 })))
        await comm.recv({ source: 1 })
      } else {
        await Request.waitAll(Array.from({ length: window }, () => comm.irecv({ source: 0 })))
        await comm.send(0, { dest: 0 })
      }
    }
  }
  const stream = await time(step, streamed)
  report(step, ((await time(step, windows)) / stream) * 100)
}

/** Rank 1 unsubscribes; how long until the source on rank 0 is unsubscribed from. Both ranks read one clock. */

import { Observable } from 'rxjs'
import { COMM_WORLD as comm, wtime } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { median } from '../median.js'
import { meet, report, steps } from './measure.js'

for (const step of steps) {
  const times: number[] = []
  for (let k = 0; k < step.iterations; k++) {
    await meet()
    if (comm.rank === 0) {
      const stopped = await new Promise<number>((resolve) => {
        const seldom = new Observable((subscriber) => {
          const timer = setInterval(() => subscriber.next(0), 1000)
          return () => {
            clearInterval(timer)
            resolve(wtime())
          }
        })
        seldom.pipe(mpi.sendTo(comm, { dest: 1 })).subscribe()
      })
      times.push((stopped - (await comm.recv<number>({ source: 1 }))) * 1000)
    } else {
      const subscription = mpi.receiveFrom(comm, { source: 0 }).subscribe()
      // Quiet for a while, as a stream of slow events is.
      await new Promise((resolve) => setTimeout(resolve, 5))
      const left = wtime()
      subscription.unsubscribe()
      await comm.send(left, { dest: 0 })
    }
  }
  report(step, median(times))
}

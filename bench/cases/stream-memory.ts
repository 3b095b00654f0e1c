/**
 * Rank 0 makes values a hundred times as fast as rank 1 takes them; how much the memory of both grows, and whether the counts are right.
 */

import { Observable } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { meet, report, steps } from './measure.js'

const BURST = 10_000

function* numbers(count: number): Generator<number> {
  for (let k = 0; k < count; k++) yield k
}

/** A source that cannot wait; between its bursts the event loop has its turn. */
const pushed = (count: number): Observable<number> =>
  new Observable((subscriber) => {
    let k = 0
    const burst = (): void => {
      const end = Math.min(count, k + BURST)
      while (k < end) subscriber.next(k++)
      if (k < count) setImmediate(burst)
      else subscriber.complete()
    }
    burst()
  })

/** A hundred times what a value costs its source. */
function work(): void {
  for (let k = 0; k < 1000; k++) sink = Math.imul(sink ^ k, 0x01000193)
}
let sink = 1

await meet()
const before = process.memoryUsage.rss()

for (const step of steps) {
  const { row, iterations } = step
  await meet()
  let most = 0
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  if (comm.rank === 0) {
    const status = new mpi.StreamStatus()
    const sent =
      row === 'pull'
        ? mpi.sendTo<number>(comm, { dest: 1, status })(numbers(iterations))
        : pushed(iterations).pipe(mpi.sendTo(comm, { dest: 1, overflow: row as mpi.Overflow, status }))
    let values = 0
    await new Promise<void>((resolve, reject) => {
      sent.subscribe({
        next: () => {
          if (++values % 65_536 === 0) look()
        },
        error: reject,
        complete: resolve
      })
    })
    const received = await comm.recv<number>({ source: 1 })
    if (received !== status.sent || status.sent + status.dropped !== iterations) {
      throw new Error(`of ${iterations} values ${status.sent} were sent, ${status.dropped} dropped, ${received} received`)
    }
    if (row === 'pull' && status.dropped > 0) throw new Error('values were lost')
    look()
    report(step, (most - before) / 1e6)
  } else {
    let count = 0
    await new Promise<void>((resolve, reject) => {
      mpi.receiveFrom<number>(comm, { source: 0 }).subscribe({
        next: () => {
          work()
          if (++count % 65_536 === 0) look()
        },
        error: reject,
        complete: resolve
      })
    })
    await comm.send(count, { dest: 0 })
  }
}

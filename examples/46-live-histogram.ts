/**
 * A histogram that all ranks fill at the same time, and that rank 0 looks at while they do: `changes` tells what was written, as often as it
 * has time for that, and never an old state.
 *
 *     npx rxmpi run -n 4 examples/46-live-histogram.ts
 *
 * MPI: MPI_Accumulate; MPI has no way to hear of changes.
 */

import { takeWhile } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const BINS = 20
const THROWS = 6000
using histogram = await comm.allocateWindow(Int32Array, comm.rank === 0 ? BINS : 0)
const total = (): number => histogram.local.reduce((sum, count) => sum + count, 0)

const watched =
  comm.rank === 0
    ? new Promise<void>((resolve) => {
        let looks = 0
        histogram
          .changes()
          .pipe(takeWhile(() => total() < comm.size * THROWS))
          .subscribe({ next: () => looks++, complete: () => resolve() })
      })
    : Promise.resolve()
await comm.barrier()

// Sums of dice: a bell.
let seed = comm.rank + 1
for (let k = 0; k < THROWS; k++) {
  let sum = 0
  for (let dice = 0; dice < 4; dice++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    sum += Math.floor(((seed >>> 16) / 0x10000) * 5)
  }
  await histogram.accumulate(Int32Array.of(1), SUM, { target: 0, at: sum })
}
await watched

if (comm.rank === 0) {
  const most = Math.max(...histogram.local)
  console.log(`${total()} throws, most of them ${histogram.local.indexOf(most)}`)
}
await histogram.fence()
await histogram.close()

/**
 * One of two ranks acts on the memory of the other, which waits. OSU: osu_put_latency, osu_get_latency, osu_acc_latency, osu_fop_latency,
 * osu_cas_latency, with flush; and a put under a lock of its own.
 */

import { COMM_WORLD as comm, SUM } from 'rxmpi'
import type { Step } from '../plan.js'
import { meet, report, steps, time } from './measure.js'

const target = 1
const MOST = Math.max(8, ...steps.map(({ size = 8 }) => size))
const numbers = await comm.allocateWindow(Float64Array, MOST / 8)
const integers = await comm.allocateWindow(BigInt64Array, 1)

function act({ row, size = 8 }: Step): () => Promise<unknown> {
  const array = new Float64Array(size / 8).fill(1)
  switch (row) {
    case 'put':
      return () => numbers.put(array, { target })
    case 'get':
      return () => numbers.get({ target, into: array })
    case 'accumulate':
      return () => numbers.accumulate(array, SUM, { target })
    case 'fetchAndOp':
      return () => integers.fetchAndOp(1n, SUM, { target })
    case 'compareAndSwap':
      return () => integers.compareAndSwap(0n, 0n, { target })
    default:
      return async () => {
        const lock = await numbers.lock(target)
        await numbers.put(array, { target })
        await lock.release()
      }
  }
}

for (const step of steps) {
  const call = act(step)
  const ms = await time(step, async (iterations) => {
    if (comm.rank === 0) for (let k = 0; k < iterations; k++) await call()
    await meet()
  })
  report(step, ms * 1000)
}
await numbers.close()
await integers.close()

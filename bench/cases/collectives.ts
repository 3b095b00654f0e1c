/** Every rank calls a collective again and again; the last call is followed by a barrier. OSU: osu_allreduce and its kin. */

import { allocate, COMM_WORLD as comm, SUM } from 'rxmpi'
import type { Step } from '../plan.js'
import { report, steps, time } from './measure.js'

const { rank, size: ranks } = comm

/** A call on so many bytes a rank, of what is divided for each rank, received in place. */
function callOf({ row, size = 8 }: Step): () => Promise<unknown> {
  const array = new Float64Array(size / 8).fill(1)
  const into = new Float64Array(array.length)
  const joins = ['gather', 'allgather', 'alltoall'].includes(row)
  const all = new Float64Array(['alltoall', 'scatter', 'reduceScatter'].includes(row) ? ranks * array.length : 0)
  const joined = new Float64Array(joins ? ranks * array.length : 0)
  switch (row) {
    case 'barrier':
      return () => comm.barrier()
    case 'number':
      return () => comm.allreduce(rank)
    case 'bcast':
      return () => comm.bcast(array, { into: array })
    case 'reduce':
      return () => comm.reduce(array, SUM, { into })
    case 'allreduce':
      return () => comm.allreduce(array, SUM, { into })
    case 'allocated': {
      const [given, sum] = [allocate(Float64Array, array.length).fill(1), allocate(Float64Array, array.length)]
      return () => comm.allreduce(given, SUM, { into: sum })
    }
    case 'reduceScatter':
      return () => comm.reduceScatter(all, SUM, { into })
    case 'scatter':
      return () => comm.scatter(all, { into })
    case 'gather':
      return () => comm.gather(array, { into: joined })
    case 'allgather':
      return () => comm.allgather(array, { into: joined })
    case 'alltoall':
      return () => comm.alltoall(all, { into: joined })
    default:
      throw new Error(`There is no row '${row}'.`)
  }
}

for (const step of steps) {
  const call = callOf(step)
  const milliseconds = await time(step, async (iterations) => {
    for (let i = 0; i < iterations; i++) await call()
    // A root may be ahead of the others.
    await comm.barrier()
  })
  report(step, milliseconds * 1000)
}

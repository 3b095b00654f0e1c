/** Sample sort: each rank sorts its numbers, splitters are chosen of samples, and every rank gets the run that is its own. */

import { COMM_WORLD as comm } from 'rxmpi'
import { during, timed } from './clock.js'

const NUMBERS = 10_000_000
const SAMPLES = 64

const { rank, size } = comm

/** Where the numbers from `value` on begin. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The same numbers on every machine: a linear congruence. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  })
}

const own = numbers(NUMBERS / size, rank + 1)

await timed(async () => {
  own.sort()
  const samples = Float64Array.from({ length: SAMPLES }, (_, k) => own[Math.floor((k * own.length) / SAMPLES)]!)
  const all = await during(() => comm.allgather(samples, { into: new Float64Array(SAMPLES * size) }))
  all.sort()
  const bounds = Array.from({ length: size - 1 }, (_, k) => lowerBound(own, all[(k + 1) * SAMPLES]!))
  const sendCounts = [...bounds, own.length].map((end, k) => end - (k === 0 ? 0 : bounds[k - 1]!))
  const received = await during(() => comm.alltoallv(own, { sendCounts }))
  received.sort()
})

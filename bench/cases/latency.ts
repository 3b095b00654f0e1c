/** Two ranks send data there and back: half of the time is the latency. OSU: osu_latency. */

import { COMM_WORLD as comm } from 'rxmpi'
import type { Step } from '../plan.js'
import { report, steps, time } from './measure.js'

const { rank } = comm
const other = 1 - rank

async function pingPong(iterations: number, send: () => Promise<void>, recv: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < iterations; i++) {
    if (rank === 0) {
      await send()
      await recv()
    } else {
      await recv()
      await send()
    }
  }
}

function rounds({ row, size = 0 }: Step): (iterations: number) => Promise<void> {
  if (row === 'object') {
    const object = { a: 7, b: 3.14 }
    const send = () => comm.send(object, { dest: other })
    const recv = () => comm.recv({ source: other })
    return (iterations) => pingPong(iterations, send, recv)
  }
  const array = new Float64Array(size / 8).fill(1)
  if (row === 'transfer') return handing(array)
  const send = () => comm.send(array, { dest: other })
  const recv = row === 'into' ? () => comm.recv({ source: other, into: array }) : () => comm.recv({ source: other })
  return (iterations) => pingPong(iterations, send, recv)
}

/** One array that changes hands; it is rank 0's again when a round ends. */
function handing(array: Float64Array): (iterations: number) => Promise<void> {
  let travelling = array
  return async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (rank === 0) {
        await comm.send(travelling, { dest: other, transfer: true })
        travelling = await comm.recv<Float64Array>({ source: other })
      } else {
        travelling = await comm.recv<Float64Array>({ source: other })
        await comm.send(travelling, { dest: other, transfer: true })
      }
    }
  }
}

for (const step of steps) report(step, ((await time(step, rounds(step))) * 1000) / 2)

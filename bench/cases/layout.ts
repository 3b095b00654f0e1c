/** Ping-pong of memory that is not contiguous, from where it lies to where it belongs. */

import { COMM_WORLD as comm } from 'rxmpi'
import { struct, vector, view } from 'rxmpi/layout'
import type { Step } from '../plan.js'
import { report, steps, time } from './measure.js'

const KiB = 1024
const other = 1 - comm.rank

function column() {
  return view(new Float64Array(KiB * KiB).fill(1), vector(KiB, 1, KiB))
}

/** 4,096 blocks, each as far from the next as it is long. */
function blocks(bytes: number) {
  const length = bytes / 8
  return view(new Float64Array(2 * 4096 * length).fill(1), vector(4096, length, 2 * length))
}

function records() {
  return struct({ id: 'u32', mass: 'f64', at: ['f64', 3], kind: 'u8' }).allocate(4096)
}

const rows = {
  column,
  blocks: () => blocks(64),
  records,
  'long-blocks': ({ size }: Step) => (size === KiB ? blocks(KiB) : new Float64Array((4096 * KiB) / 8).fill(1))
}

function rounds(step: Step): (iterations: number) => Promise<void> {
  const data = rows[step.row as keyof typeof rows](step)
  return async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (comm.rank === 0) await comm.send(data, { dest: other })
      await comm.recv({ source: other, into: data })
      if (comm.rank === 1) await comm.send(data, { dest: other })
    }
  }
}

for (const step of steps) report(step, ((await time(step, rounds(step))) * 1000) / 2)

/** What the processes of both ranks grow by while one sends arrays of 1 MiB as fast as they are taken, and the other takes its time. */

import { setTimeout as sleep } from 'node:timers/promises'
import { COMM_WORLD as comm } from 'rxmpi'
import { meet, report, steps } from './measure.js'

const MiB = 2 ** 20
/** The receiver rests after so many. */
const REST = 32
const array = new Uint8Array(MiB).fill(1)

async function send(count: number): Promise<void> {
  for (let k = 0; k < count; k++) await comm.send(array, { dest: 1 })
}

async function receive(count: number): Promise<void> {
  const into = new Uint8Array(MiB)
  for (let k = 0; k < count; k++) {
    await comm.recv({ source: 0, into })
    if (k % REST === 0) await sleep(10)
  }
}

for (const step of steps) {
  const exchange = comm.rank === 0 ? send : receive
  await meet()
  await exchange(step.warmup!)
  await meet()
  const before = process.memoryUsage.rss()
  let most = before
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 50)
  await exchange(step.iterations)
  clearInterval(sampling)
  const growth = (most - before) / 1e6
  if (comm.rank === 1) await comm.send(growth, { dest: 0, tag: 1 })
  else report(step, growth + (await comm.recv<number>({ source: 1, tag: 1 })))
}

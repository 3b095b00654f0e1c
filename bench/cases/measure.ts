/** What the programs share. */

import { COMM_WORLD as comm } from 'rxmpi'
import { median } from '../median.js'
import type { Figure, Plan, Step } from '../plan.js'

if (process.argv[2] === undefined) throw new Error('The cases are run by `rxmpi bench`, which tells them what to measure.')

export const { repetitions, steps }: Plan = JSON.parse(process.argv[2])

const MEET = 1000

/** Nobody leaves before all have come, so that no rank's start is in another's time. */
export async function meet(): Promise<void> {
  if (comm.rank !== 0) {
    await comm.send(null, { dest: 0, tag: MEET })
    await comm.recv({ source: 0, tag: MEET })
    return
  }
  for (let source = 1; source < comm.size; source++) await comm.recv({ source, tag: MEET })
  for (let dest = 1; dest < comm.size; dest++) await comm.send(null, { dest, tag: MEET })
}

/** The median time of an iteration in milliseconds. */
export async function time({ iterations, warmup }: Step, round: (iterations: number) => Promise<void>): Promise<number> {
  await meet()
  await round(warmup)
  const times: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await meet()
    const start = performance.now()
    await round(iterations)
    times.push((performance.now() - start) / iterations)
  }
  return median(times)
}

export function report({ row, size }: Step, value: number): void {
  const figure: Figure = { row, value, ...(size === undefined ? {} : { size }) }
  if (comm.rank === 0) console.log(JSON.stringify(figure))
}

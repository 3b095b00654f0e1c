/** What the programs share. */

import { COMM_WORLD as comm } from 'rxmpi'
import { areFlat } from '../flat.js'
import { median } from '../median.js'
import type { Figure, Plan, Step } from '../plan.js'

if (process.argv[2] === undefined) throw new Error('The cases are run by `rxmpi bench`, which tells them what to measure.')

export const { repetitions, least, most, steps }: Plan = JSON.parse(process.argv[2])

const MEET = 1000

/** Nobody leaves before all have come, so that no rank's start is in another's time; and then with what rank 0 says. */
export async function meet<T>(word?: T): Promise<T> {
  if (comm.rank !== 0) {
    await comm.send(null, { dest: 0, tag: MEET })
    return await comm.recv<T>({ source: 0, tag: MEET })
  }
  for (let source = 1; source < comm.size; source++) await comm.recv({ source, tag: MEET })
  for (let dest = 1; dest < comm.size; dest++) await comm.send(word ?? null, { dest, tag: MEET })
  return word!
}

/** After how many iterations the times of a step were flat. */
const flatAfter = new Map<Step, number>()

/** Calls until the times are flat: V8 goes on compiling for a second and for tens of thousands of calls. */
async function warmUp(step: Step, round: (iterations: number) => Promise<void>): Promise<void> {
  const { iterations } = step
  const times: number[] = []
  const begin = performance.now()
  const isWarm = (): boolean => {
    const seconds = (performance.now() - begin) / 1000
    const isFlat = areFlat(times)
    if (isFlat) flatAfter.set(step, times.length * iterations)
    return (seconds >= least && isFlat) || seconds >= most
  }
  while (!(await meet(isWarm()))) {
    const start = performance.now()
    await round(iterations)
    times.push(performance.now() - start)
  }
}

/** The median time of an iteration in milliseconds. */
export async function time(step: Step, round: (iterations: number) => Promise<void>): Promise<number> {
  const { iterations, warmup } = step
  if (warmup === undefined) await warmUp(step, round)
  else await round(warmup)
  const times: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await meet()
    const start = performance.now()
    await round(iterations)
    times.push((performance.now() - start) / iterations)
  }
  return median(times)
}

export function report(step: Step, value: number): void {
  const { row, size } = step
  const after = flatAfter.get(step)
  const figure: Figure = { row, value, ...(size === undefined ? {} : { size }), ...(after === undefined ? {} : { after }) }
  if (comm.rank === 0) console.log(JSON.stringify(figure))
}

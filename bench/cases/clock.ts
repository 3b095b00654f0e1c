/** How long a program takes in all, and how much of that it spends in communication. */

import { COMM_WORLD as comm } from 'rxmpi'
import { meet, report, steps } from './measure.js'

let communication = 0

/** Counts what a call takes as communication. */
export async function during<T>(call: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const value = await call()
  communication += performance.now() - start
  return value
}

/** Runs a program once, cold, and reports its times. */
export async function timed(program: () => Promise<void>): Promise<void> {
  await meet()
  const start = performance.now()
  await program()
  const whole = performance.now() - start
  await comm.barrier()
  for (const step of steps) report(step, step.row === 'communication' ? communication : whole)
}

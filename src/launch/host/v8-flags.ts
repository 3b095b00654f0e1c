import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * Tells V8's garbage collector that what is allocated soon dies.
 *
 * V8 watches which places in a program make objects that live long, and has those put straight among the old ones. A rank that once kept
 * a thousand requests looks like that; from then on each dead message among the old objects keeps the next one alive, until the old ones
 * are collected: an allreduce of a number took five times as long (ADR 8).
 */
export function expectShortLives(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/**
 * For the first second, has code optimised much later than V8 does by default, if the ranks of this machine leave no core free.
 *
 * A message runs through a hundred functions. All of them get hot at once, and are compiled by other threads, which take the cores away
 * from the ranks: the first thousand calls took two to four times as long. A program that runs for longer gets what they make (ADR 20).
 * This is for processes that do nothing but run ranks.
 */
export function optimiseLate(ranks: number): void {
  if (ranks < availableParallelism()) return
  const { late, usual } = optimisation()
  for (const flag of late) setFlagsFromString(flag)
  setTimeout(() => {
    for (const flag of usual) setFlagsFromString(flag)
  }, LATE_MS).unref()
}

const LATE_MS = 1000

interface Optimisation {
  readonly late: readonly string[]
  /** V8's own. */
  readonly usual: readonly string[]
}

const invocations = (turbofan: number, maglev: number): readonly string[] => [
  `--invocation-count-for-turbofan=${turbofan}`,
  `--invocation-count-for-maglev=${maglev}`
]
const COUNTED = { late: invocations(30_000, 4000), usual: invocations(3000, 400) }
const BUDGET = { late: ['--interrupt-budget=1320000'], usual: ['--interrupt-budget=67584'] }
/** By the version of V8: a flag that it does not know is an error, so versions that were not looked at keep their default. */
const BY_VERSION: Record<number, Optimisation> = { 11: BUDGET, 12: COUNTED, 13: COUNTED, 14: COUNTED }

/** Exported for its test. */
export const optimisation = (): Optimisation => BY_VERSION[Number.parseInt(process.versions.v8, 10)] ?? { late: [], usual: [] }

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
 * Has code optimised after ten times as many calls as V8 takes by default, if the ranks of this machine leave no core free.
 *
 * A message runs through a hundred functions. All of them get hot at once, and are compiled by other threads, which take the cores away
 * from the ranks: the first thousand calls took two to four times as long (ADR 20). This is for processes that do nothing but run ranks.
 */
export function optimiseLate(ranks: number): void {
  if (ranks < availableParallelism()) return
  for (const flag of lateFlags()) setFlagsFromString(flag)
}

/** By the version of V8: a flag that it does not know is an error, so versions that were not looked at keep their default. */
const INVOCATIONS = ['--invocation-count-for-turbofan=30000', '--invocation-count-for-maglev=4000']
const LATE: Record<number, readonly string[]> = { 11: ['--interrupt-budget=1320000'], 12: INVOCATIONS, 13: INVOCATIONS, 14: INVOCATIONS }

/** Exported for its test. */
export const lateFlags = (): readonly string[] => LATE[Number.parseInt(process.versions.v8, 10)] ?? []

import { setFlagsFromString } from 'node:v8'

/** Sets up V8, for all threads of this process, for programs of ranks that wait for each other. */
export function setUpV8(): void {
  for (const flag of [...SHORT_LIVES, ...(compileLate(Number.parseInt(process.versions.v8, 10)) ?? [])]) setFlagsFromString(flag)
}

/**
 * What is allocated soon dies.
 *
 * V8 watches which places in a program make objects that live long, and has those put straight among the old ones. A rank that once kept
 * a thousand requests looks like that; from then on each dead message among the old objects keeps the next one alive, until the old ones
 * are collected: an allreduce of a number took five times as long (ADR 8).
 */
const SHORT_LIVES = ['--no-allocation-site-pretenuring']

/**
 * Code is optimised after ten times as many calls as V8 takes by default.
 *
 * A message runs through a hundred functions. All of them get hot at once, and are compiled by other threads, on the cores where the ranks
 * run: the first thousand calls took two to four times as long (ADR 20). A flag that V8 does not know is an error, so versions that were not
 * looked at keep their default.
 */
function compileLate(version: number): readonly string[] | undefined {
  if (version === 11) return ['--interrupt-budget=1320000']
  if (version >= 12 && version <= 14) return ['--invocation-count-for-turbofan=30000', '--invocation-count-for-maglev=4000']
  return undefined
}

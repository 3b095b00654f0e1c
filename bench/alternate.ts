/** Runs of a case, ours and the peer's by turns, so that what else the machine does meets both. */

import { type Command, type Outcome, run } from './command.js'
import { ours } from './ours.js'
import type { Peer } from './peer.js'
import { type Result, type Runs, resultOf } from './result.js'
import { besideOf, type Case, planOf } from './suite.js'

export interface Options {
  quick: boolean
  runs: number
  peer?: Peer | undefined
}

export async function alternate(subject: Case, { quick, runs, peer }: Options): Promise<Result> {
  const plan = planOf(subject, quick)
  const measured: Runs = { ours: [], theirs: [] }
  const failures = new Set<string>()
  const attempt = async (who: string, command: Command, outcomes: Outcome[]) => {
    try {
      outcomes.push(await run(command, subject.measures === 'cpu'))
    } catch (error) {
      failures.add(`${who} ${(error as Error).message}`)
    }
  }
  const most = quick ? 1 : 3
  for (let count = subject.steady ? Math.min(runs, most) : runs; count > 0; count--) {
    await attempt('rxmpi', ours(subject, plan), measured.ours)
    if (peer !== undefined && !subject.alone) await attempt(besideOf(subject), peer.command(subject, plan), measured.theirs)
  }
  return resultOf(subject, quick, measured, [...failures])
}

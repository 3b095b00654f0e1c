/** Runs of a case, ours and the peer's by turns, so that what else the machine does meets both. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, run } from './command.js'
import { ours } from './ours.js'
import type { Peer } from './peer.js'
import type { Plan } from './plan.js'
import { type Result, type Runs, resultOf } from './result.js'
import { besideOf, type Case, planOf } from './suite.js'
import { Viewer } from './viewer.js'

export interface Options {
  quick: boolean
  runs: number
  peer?: Peer | undefined
}

export async function alternate(subject: Case, { quick, runs, peer }: Options): Promise<Result> {
  const plan = planOf(subject, quick)
  const measured: Runs = { ours: [], theirs: [] }
  const failures = new Set<string>()
  const attempt = async (who: string, outcome: Promise<Outcome>, outcomes: Outcome[]) => {
    try {
      outcomes.push(await outcome)
    } catch (error) {
      failures.add(`${who} ${(error as Error).message}`)
    }
  }
  const countsCpu = subject.measures === 'cpu'
  const most = quick ? 1 : 3
  for (let count = subject.steady ? Math.min(runs, most) : runs; count > 0; count--) {
    await attempt('rxmpi', runOurs(subject, plan, countsCpu), measured.ours)
    if (peer === undefined || subject.alone) continue
    await attempt(besideOf(subject), run(peer.command(subject, plan), countsCpu), measured.theirs)
  }
  return resultOf(subject, quick, measured, [...failures])
}

async function runOurs(subject: Case, plan: Plan, countsCpu: boolean): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'rxmpi-bench-'))
  const viewer = subject.viewed ? await Viewer.open() : undefined
  try {
    const command = ours(subject, plan, subject.options?.(folder))
    const outcome = await run(command, countsCpu, (text, process) => viewer?.hear(text, process))
    return { ...outcome, figures: [...outcome.figures, ...((await viewer?.figures()) ?? [])] }
  } finally {
    await viewer?.close()
    rmSync(folder, { recursive: true })
  }
}

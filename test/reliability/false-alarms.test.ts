import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs'
import { root, rxmpi } from '../integration/command.js'
import { programs } from '../scorecard/programs/index.js'
import { amount, LIMIT_MS } from './amount.js'

/**
 * Right programs under `--check --strict`, more at a time than there are cores: nothing is told of any of them, and each ends. Those of the
 * score card, and the examples that end by themselves and need no argument.
 */

/** Beside others that run, too. */
const JOBS = 4
const RUNS = amount(8, 1000)
/** A rank that is lost on purpose, files that are named, and what serves pages until it is ended. */
const OTHERS = /^(24|28|52)-/

interface Job {
  readonly name: string
  readonly args: readonly string[]
}

const card = programs
  .filter(({ finds, job, jobOnly, options }) => finds === undefined && job === undefined && !jobOnly && Object.keys(options).length === 0)
  .map(({ name, ranks }): Job => ({ name, args: ['-n', `${ranks}`, join(root, 'test/scorecard/job.ts'), name] }))
const examples = readdirSync(join(root, 'examples'))
  .filter((file) => /^\d\d-.*\.ts$/.test(file) && !OTHERS.test(file))
  .map((file): Job => ({ name: file, args: ['-n', '3', join(root, 'examples', file)] }))
/** Those of the card count on some milliseconds for their order: they are for a machine that does nothing else. */
const jobs = process.env.RXMPI_SOAK === undefined ? examples : [...card, ...examples]

/** What is wrong with a run; nothing where nothing is. */
async function alarmOf({ name, args }: Job): Promise<string[]> {
  const { status, stderr } = await rxmpi(['run', '--check', '--strict', '--timeout', '120', ...args])
  return status === 0 && !/rxmpi: |Error/.test(stderr) ? [] : [`${name}: status ${status}, ${stderr}`]
}

test(
  'no right program is accused, and none hangs',
  async () => {
    expect(card.length).toBeGreaterThan(100)
    expect(examples.length).toBeGreaterThan(40)
    // Spread over all of them where they are not all run.
    const runs = Array.from({ length: RUNS }, (_, k) => jobs[Math.floor(k * Math.max(1, jobs.length / RUNS)) % jobs.length]!)
    const alarms = await lastValueFrom(from(runs).pipe(mergeMap(alarmOf, JOBS), toArray()))
    expect(alarms).toHaveLength(RUNS)
    expect(alarms.flat()).toEqual([])
  },
  LIMIT_MS
)

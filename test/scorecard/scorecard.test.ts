import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs'
import { isFalseAlarm, isHit, isMissed, missedOf, type Outcome, precisionOf, recallOf, scoreOf, tableOf } from './card.js'
import { findingsOfJob, jobOptionsOf, unknownTo } from './jobs.js'
import { CLASSES } from './program.js'
import { programs } from './programs/index.js'
import { findingsIn } from './simulated.js'

/** Jobs that run at the same time. */
const JOBS = 2
const SOAK_RUNS = 1000

const simulated: Outcome[] = programs.filter(({ jobOnly }) => !jobOnly).map((program) => ({ program, found: findingsIn(program) }))
let jobs: Outcome[] = []

beforeAll(async () => {
  const run = async (program: (typeof programs)[number]): Promise<Outcome> => {
    const found = await findingsOfJob(program)
    // In a job the same fault may show as another finding.
    return { program: { ...program, finds: program.jobFinds ?? program.finds }, found }
  }
  const asJobs = programs.filter((program) => jobOptionsOf(program) !== undefined)
  const some = from(asJobs.filter(({ jobOnly }) => !jobOnly)).pipe(mergeMap(run, JOBS), toArray())
  // Those wait, and need no processor.
  const [first, waiting] = await Promise.all([lastValueFrom(some), Promise.all(asJobs.filter(({ jobOnly }) => jobOnly).map(run))])
  jobs = [...first, ...waiting]
})

const told = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map(
    ({ program: { name, finds }, found }) => `${name}: expected ${finds ?? 'nothing'}, found ${[...found].join(', ') || 'nothing'}`
  )

/** Programs as such, each once: those that are jobs only as jobs. */
const all = (): Outcome[] => [...simulated, ...jobs.filter(({ program }) => program.jobOnly)]

test('there are three hundred programs and more, about as many right as wrong in each class, each with a name of its own', () => {
  expect(new Set(programs.map(({ name }) => name)).size).toBe(programs.length)
  expect(unknownTo(programs)).toEqual([])
  expect(programs.length).toBeGreaterThan(300)
  for (const name of CLASSES) {
    const ofClass = programs.filter((program) => program.class === name)
    const right = ofClass.filter(({ finds }) => finds === undefined).length
    expect(right).toBeGreaterThan(ofClass.length / 3)
  }
})

test('of right programs nothing is found, in virtual time and in jobs', () => {
  expect(told(simulated.filter(isFalseAlarm))).toEqual([])
  expect(told(jobs.filter(isFalseAlarm))).toEqual([])
  expect(precisionOf(scoreOf(all()))).toBe(1)
})

test('of wrong programs 95 % are found, and all that cannot go on', () => {
  expect(recallOf(scoreOf(all()))).toBeGreaterThanOrEqual(0.95)
  const stuck = all().filter(({ program: { finds, class: of } }) => finds === 'DeadlockError' && of !== 'buffering hazard')
  expect(told(stuck.filter((outcome) => !isHit(outcome)))).toEqual([])
})

test('jobs find what is found in virtual time', () => {
  expect(told(jobs.filter(isMissed))).toEqual([])
})

test('the page says what was found, and names what is missed', () => {
  const page = readFileSync(join(__dirname, '../../docs/reference/scorecard.md'), 'utf8')
  expect(page).toContain(tableOf(all()))
  const missed = missedOf(all())
  expect([...page.matchAll(/^- \*([^*]+)\*: /gm)].map(([, name]) => name).sort()).toEqual(missed.sort())
  expect(page).toContain(`${programs.length} programs`)
  expect(page).toContain(`${jobs.length} of them`)
})

const soak = process.env.RXMPI_SOAK === undefined ? test.skip : test
soak(
  `${SOAK_RUNS} runs of each right program find nothing`,
  () => {
    for (const program of programs.filter(({ finds, jobOnly }) => finds === undefined && !jobOnly)) {
      for (let seed = 0; seed < SOAK_RUNS; seed++) expect([program.name, seed, ...findingsIn(program, seed)]).toEqual([program.name, seed])
    }
  },
  4 * 3_600_000
)

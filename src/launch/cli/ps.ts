import { ArgumentError, RxmpiError } from '../../errors.js'
import { ask, type JobFacts, jobs } from './job-socket.js'
import { table } from './table.js'

/** The running jobs of this user, a line each; or what the ranks of one do. */
export async function ps(job: number | undefined, log: number | undefined): Promise<string> {
  const running = await jobs()
  if (job === undefined && log !== undefined) throw new ArgumentError('--log needs a job: say --job ID, as rxmpi ps lists them')
  if (job === undefined) return tableOf(running)
  if (!running.some((one) => one.job === job))
    throw new RxmpiError(`there is no job ${job} of this user on this machine; rxmpi ps lists those that run`)
  return lines([...(await ask(job, { what: 'waits' })), ...(log === undefined ? [] : await ask(job, { what: 'log', last: log }))])
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

function tableOf(running: readonly JobFacts[]): string {
  const rows = running.map(({ job, ranks, alive, age, program, args }) => [
    String(job),
    alive === ranks ? String(ranks) : `${alive} of ${ranks}`,
    `${Math.floor(age)} s`,
    [program, ...args].join(' ')
  ])
  return lines(table(['JOB', 'RANKS', 'AGE', 'PROGRAM'], rows))
}

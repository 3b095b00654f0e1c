import { changed } from './environment.js'
import { type DrainSignal, type Failure, Job } from './job.js'
import { checkRanks } from './launch.js'
import { type Placement, placement, ranksOf } from './placement.js'
import { programPath } from './program.js'

export interface RunOptions extends Placement {
  /** By default as many as the hosts take. */
  ranks?: number | undefined
  program: string
  args: string[]
  env?: Record<string, string | undefined> | undefined
  timeout?: number | undefined
  prefix: boolean
}

/** npm passes an interrupt on that the terminal has already given to the whole foreground group. */
const ECHO_MS = 200
const KILL_MS = 2000

/** Runs a job for the command line and resolves to its exit status. */
export async function run(options: RunOptions): Promise<number> {
  const { program, args, env = {}, timeout, prefix } = options
  const ranks = options.ranks ?? ranksOf(options)
  checkRanks(ranks)
  const job = new Job({
    ranks,
    program: programPath(program),
    args,
    env: changed(process.env, env),
    envChanges: env,
    timeout,
    prefix,
    wantsResults: false,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: () => process.stdin,
    inputIsTerminal: process.stdin.isTTY,
    place: placement({ ...options, ranks })
  })
  let signals = 0
  onSignal((signal) => {
    if (++signals === 1) job.drain(signal)
    else kill(job)
  })
  const { failure, stuck } = await job.outcome
  if (failure !== undefined) await print(failure, ranks)
  // Node waits for every thread before it exits, and these never come back.
  if (stuck.length > 0) process.kill(process.pid, 'SIGKILL')
  return failure?.status ?? 0
}

/** Ends the job, and if its output cannot be written or a rank cannot be ended, the process. */
function kill(job: Job): void {
  job.end()
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_MS)
}

function onSignal(handle: (signal: DrainSignal) => void): void {
  const echoes = process.env.npm_command !== undefined && process.stdin.isTTY
  let last = Number.NEGATIVE_INFINITY
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = performance.now()
      if (!echoes || now - last > ECHO_MS) handle(signal)
      last = now
    })
  }
}

function print({ kind, rank, text }: Failure, ranks: number): Promise<void> {
  if (kind === 'broken' || kind === 'signal') return Promise.resolve()
  if (kind === 'exit' && ranks === 1) return Promise.resolve()
  const label = rank === undefined || ranks === 1 ? '' : `[${rank}] `
  const lines = (kind === 'timeout' || kind === 'exit' ? `rxmpi: ${text}` : text).split('\n').map((line) => `${label}${line}\n`)
  return new Promise((resolve) => process.stderr.write(lines.join(''), () => resolve()))
}

import { basename, extname } from 'node:path'
import { ArgumentError, StartupTimeoutError } from '../../errors.js'
import { checkPolicyOf } from '../../runtime/check-policy.js'
import { startedBy } from '../../runtime/launch-env.js'
import type { DrainSignal, Inspection, ProfileKind } from '../../runtime/rank-protocol.js'
import { CallProfile } from '../../trace/call-profile.js'
import type { Dashboard } from '../dashboard/dashboard.js'
import type { KubernetesOptions } from '../engines/kubernetes.js'
import type { DetectedLauncher } from '../external/detect-launcher.js'
import { optimiseLate } from '../host/v8-flags.js'
import { failureText } from '../job/failure-text.js'
import type { Failure, Job, OnFailure } from '../job/job.js'
import { openDashboard } from '../job/open-dashboard.js'
import { engineOf, type Placement, placement, ranksOf } from '../job/placement.js'
import { type JobRequest, startJob } from '../job/start-job.js'
import { withoutTickets } from '../job/ticket.js'
import { traceFile } from '../job/trace-file.js'
import { checkRanks } from '../options/limits.js'
import { programPath } from '../options/program.js'
import { STALL_NOTICE } from '../options/timeouts.js'
import { isWatched, tellFiles } from './watch.js'

export interface RunOptions extends Omit<Placement, 'launcher'> {
  /** By default as many as the hosts take. */
  ranks?: number | undefined
  program: string
  args: string[]
  env?: Record<string, string | undefined> | undefined
  timeout?: number | undefined
  onFailure?: OnFailure | undefined
  stallNotice?: number | undefined
  /** A file for what the ranks send, receive and call. */
  trace?: string | undefined
  /** Prints at the end where the time of the ranks goes. */
  profile?: boolean | undefined
  /** A file for each rank that ends by itself: where its time goes, where what it holds was allocated. */
  cpuProf?: boolean | undefined
  /** The port of the first rank's debugger. */
  inspect?: number | undefined
  inspectBrk?: number | undefined
  inspectRank?: number | undefined
  heapProf?: boolean | undefined
  /** A page of the running job, at this port of this machine; 0: at any that is free. */
  dashboard?: number | undefined
  /** When the job fails, so much of what each rank has done last is printed. */
  last?: number | undefined
  prefix: boolean
  /** What the program changes while a call is on it is an error. */
  check?: boolean | undefined
  /** The same, and receives that could have matched messages of several senders are told. */
  races?: boolean | undefined
  /** What ranks have left over at their end makes them fail. */
  strict?: boolean | undefined
  /** It is not told. */
  quiet?: boolean | undefined
  /** `auto`: be one of the processes that another launcher has started, if any; `k8s` prints a Job. */
  launcher?: Placement['launcher'] | 'k8s'
  /** Prints the commands instead of running them. */
  dryRun?: boolean | undefined
  /** Of the Job for Kubernetes. */
  jobName?: string | undefined
  image?: string | undefined
}

/** npm, and `--watch`, pass an interrupt on that the terminal has already given to the whole foreground group. */
const ECHO_MS = 200
const KILL_MS = 2000
/** Node's own. */
const INSPECTOR_PORT = 9229
/** A job that is over by then is listed nowhere. */
const SOCKET_MS = 500

/** Runs a job for the command line and resolves to its exit status. */
export async function run(options: RunOptions): Promise<number> {
  const started = options.launcher === 'auto' ? startedBy(process.env) : undefined
  if (started !== undefined) {
    const { detectLauncher } = await import('../external/detect-launcher.js')
    const seen = detectLauncher(process.env)
    if (seen !== undefined) return runExternalRank(seen, options)
    const why = `${started.name} has started ${started.size} processes (${started.why}), and gives them no way to find each other`
    throw new ArgumentError(`${why}: export RXMPI_RANK, RXMPI_SIZE, RXMPI_ADDRESS and RXMPI_TOKEN, or say --launcher local`)
  }
  const { program, args, launcher, ...where } = options
  const ranks = options.ranks ?? ranksOf(where)
  if (launcher === 'k8s') return write((await import('../engines/kubernetes.js')).kubernetesYaml(jobFor(options, ranks)))
  const asked = { ...where, launcher }
  checkRanks(ranks, engineOf(asked) === undefined)
  const { inspectRank } = options
  if (inspectRank !== undefined && inspectRank >= ranks)
    throw new ArgumentError(`--inspect-rank was ${inspectRank}: expected a rank of the job, from 0 to ${ranks - 1}`)
  const path = programPath(program)
  if (options.dryRun) {
    const { dryRun } = await import('./dry-run.js')
    return write(`${dryRun({ ...asked, ranks, program: path, args }).join('\n')}\n`)
  }
  const place = await placement({ ...asked, ranks, program: path, args })
  const request = requestOf(options, path, ranks)
  optimiseLate(ranks)
  const dashboard = await openDashboard(options.dashboard, options.program, options.args, (line) => say([line]))
  const job = startJob({ ...request, observer: dashboard?.view, inputIsTerminal: process.stdin.isTTY, where: asked, place })
  return ended(job, path, options, request.profile, dashboard)
}

/** One of the processes that another launcher has started. */
async function runExternalRank(seen: DetectedLauncher, options: RunOptions): Promise<number> {
  const path = programPath(options.program)
  const { ExternalRank } = await import('../external/external-rank.js')
  const external = new ExternalRank(seen, options, process.env)
  if (!external.leads) {
    // A second one ends this process.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => external.signalled(signal))
    process.on('SIGQUIT', () => undefined)
    try {
      await external.join()
    } catch (error) {
      if (!(error instanceof StartupTimeoutError)) throw error
      process.stderr.write(`rxmpi: ${error.name}: ${error.message}\n`)
      await external.finish()
      return 1
    }
    const status = await external.over
    await external.finish()
    return status
  }
  const { tls, insecure, ssh, reconnect, startupTimeout } = options
  const where = { tls, insecure, ssh, reconnect, startupTimeout }
  const request = requestOf(options, path, seen.size)
  const dashboard = await openDashboard(options.dashboard, options.program, options.args, (line) => say([line]))
  const job = startJob({ ...request, observer: dashboard?.view, where, place: external.place })
  const status = await ended(job, path, options, request.profile, dashboard)
  await external.finish()
  return status
}

/** What the job of this command line is asked for, wherever its ranks run. */
function requestOf(
  {
    args,
    env = {},
    timeout,
    onFailure,
    prefix,
    strict,
    check,
    races,
    quiet,
    stallNotice = quiet ? 0 : STALL_NOTICE,
    last,
    cpuProf,
    heapProf,
    inspect,
    inspectBrk,
    inspectRank,
    trace,
    profile
  }: RunOptions,
  program: string,
  ranks: number
): Omit<JobRequest, 'place'> {
  const leftovers = strict ? 'error' : quiet ? 'ignore' : 'warn'
  const profiles: ProfileKind[] = [...(cpuProf ? (['cpu'] as const) : []), ...(heapProf ? (['heap'] as const) : [])]
  return {
    ranks,
    program,
    args,
    env,
    timeout,
    onFailure,
    prefix,
    leftovers,
    check: checkPolicyOf(check, races),
    profiles,
    inspection: inspectionOf(inspect, inspectBrk, inspectRank),
    stallNotice,
    trace: traceFile(trace),
    profile: profile ? new CallProfile() : undefined,
    last,
    onProgram: tellFiles,
    onRankFailure: (failure) => void print(failure, ranks)
  }
}

function inspectionOf(inspect: number | undefined, inspectBrk: number | undefined, only: number | undefined): Inspection | undefined {
  const port = inspectBrk ?? inspect ?? (only === undefined ? undefined : INSPECTOR_PORT)
  return port === undefined ? undefined : { port, waits: inspectBrk !== undefined, only }
}

/** Sees a job to its end; resolves to its status. */
async function ended(
  job: Job,
  program: string,
  { args }: RunOptions,
  profile: CallProfile | undefined,
  dashboard: Dashboard | undefined
): Promise<number> {
  let signals = 0
  onSignal((signal) => {
    if (++signals === 1) job.drain(signal)
    else kill(job)
  })
  process.on('SIGQUIT', () => void job.look().then(({ lines }) => say(lines)))
  dashboard?.follow(job)
  const close = answerQuestions(job, program, withoutTickets(args))
  const { failure, failed, log, stuck } = await job.outcome
  await Promise.all([close(), dashboard?.close(failure?.status ?? 0)])
  // Of a rank whose failure did not end the job it was printed when it failed.
  if (failure !== undefined && (failure.rank === undefined || !failed.has(failure.rank))) await print(failure, job.size)
  if (log.length > 0) await say(log)
  if (profile !== undefined) await say((await import('./profile-report.js')).profileReport(profile))
  // Node waits for every thread before it exits, and these never come back.
  if (stuck.length > 0) process.kill(process.pid, 'SIGKILL')
  return failure?.status ?? 0
}

/** Lets `rxmpi ps` ask for it, once it has run for a while: most jobs are over sooner. Returns how to end that. */
function answerQuestions(job: Job, program: string, args: readonly string[]): () => Promise<void> {
  const { pid } = process
  const start = performance.now()
  let socket: Promise<{ close(): void }> | undefined
  const timer = setTimeout(() => {
    socket = import('./job-socket.js').then(({ listen }) =>
      listen(async (question) => {
        if (question.what === 'waits') return (await job.look()).lines
        if (question.what === 'log') return job.log(question.last)
        return { job: pid, program, args, ranks: job.size, alive: job.alive.size, age: (performance.now() - start) / 1000 }
      })
    )
  }, SOCKET_MS)
  return async () => {
    clearTimeout(timer)
    ;(await socket)?.close()
  }
}

/** The Job for Kubernetes; its program is a file of the image, and not of this machine. */
function jobFor({ program, args, env = {}, tls, insecure, jobName, image }: RunOptions, ranks: number | undefined): KubernetesOptions {
  checkRanks(ranks, false)
  if (image === undefined)
    throw new ArgumentError('image was not given: expected --image IMAGE, a container image that has Node, rxmpi and the program')
  if (!tls && !insecure)
    throw new ArgumentError(
      'pods are on several machines, and what they send could be read on the way: encrypt the links with --tls, or say --insecure'
    )
  const name =
    jobName ??
    basename(program, extname(program))
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
  return { ranks, name, image, env, command: ['npx', 'rxmpi', 'run', tls ? '--tls' : '--insecure', program, ...args] }
}

function write(text: string): Promise<number> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve(0)))
}

/** Ends the job, and if its output cannot be written or a rank cannot be ended, the process. */
function kill(job: Job): void {
  job.end()
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_MS)
}

function onSignal(handle: (signal: DrainSignal) => void): void {
  const echoes = (process.env.npm_command !== undefined || isWatched) && process.stdin.isTTY
  let last = Number.NEGATIVE_INFINITY
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = performance.now()
      if (!echoes || now - last > ECHO_MS) handle(signal)
      last = now
    })
  }
}

function say(lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => process.stderr.write(lines.map((line) => `${line}\n`).join(''), () => resolve()))
}

function print(failure: Failure, ranks: number): Promise<void> {
  return new Promise((resolve) => process.stderr.write(failureText(failure, ranks), () => resolve()))
}

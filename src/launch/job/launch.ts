import type { Readable, Writable } from 'node:stream'
import { checkOptions } from '../../diagnostics/arguments.js'
import type { OptionNames } from '../../diagnostics/option-names.js'
import { AbortError, ArgumentError, RankFailedError, RxmpiError, TimeoutError } from '../../errors.js'
import { checkPolicyOf } from '../../runtime/check-policy.js'
import { restoreError } from '../../runtime/error-record.js'
import { checkLeftovers, type Leftovers } from '../../runtime/leftovers-policy.js'
import { checkRanks, checkStallNotice, checkSwitch, checkTimeout } from '../options/limits.js'
import { programPath } from '../options/program.js'
import { STALL_NOTICE } from '../options/timeouts.js'
import { failureText } from './failure-text.js'
import type { Failure, OnFailure } from './job.js'
import { openDashboard } from './open-dashboard.js'
import { PLACEMENT, type Placement, placement, ranksOf } from './placement.js'
import { startJob } from './start-job.js'
import { traceFile } from './trace-file.js'

/** Where the ranks run is as for `rxmpi run`: threads of one process where nothing is said. */
export interface LaunchOptions extends Placement {
  /** How many ranks, from 1 up. More than there are cores are fine. With `host` as many as the hosts take, by default. */
  ranks?: number
  /** A `.ts`, `.mts`, `.js` or `.mjs` file. */
  program: URL | string
  /** What follows the program in every rank's `process.argv`. */
  args?: readonly string[]
  /** Added to the environment of this process; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>
  /** Seconds after which the job is ended. */
  timeout?: number
  /**
   * What the failure of a rank does to the others: 'end' (the default) ends them; with 'continue' they go on, and what ended a rank is
   * printed on `stderr`.
   */
  onFailure?: OnFailure
  /**
   * What a rank has left over when its program ends (messages that nobody received, calls under way, what was not freed): 'warn' (the
   * default) tells it on `stderr`, 'error' makes it the rank's failure, 'ignore' says nothing.
   */
  leftovers?: Leftovers
  /**
   * Whether memory that a call is on, and that the program changes before the call is done, is an AliasError; default `RXMPI_CHECK`. It
   * costs some of the rate of messages.
   */
  check?: boolean
  /** As `check`, and each rank tells at its end on `stderr` which receives could have matched messages of several senders. */
  races?: boolean
  /**
   * Seconds in which nothing is sent, received or printed after which it is told on `stderr`, once, who waits for whom and at which line;
   * the job goes on. Default 10; 0: never.
   */
  stallNotice?: number
  /**
   * A file for what the ranks send, receive and call, as trace events that Perfetto (https://ui.perfetto.dev) shows: each rank a track,
   * each message an arrow.
   */
  trace?: string
  /**
   * Shows the running job on a page of this machine, whose address is told on `stderr`: `true` at any port that is free, or the port.
   */
  dashboard?: boolean | number
  /** Ends the job when it is aborted. */
  signal?: AbortSignal
  /** Whether lines carry `[rank]` when there are several ranks; they do by default. */
  prefix?: boolean
  /** Where the ranks write; the standard output of this process by default. */
  stdout?: Writable
  /** Where they write errors, and what ended a rank is told; the standard error of this process by default. */
  stderr?: Writable
  /** What rank 0 reads; the standard input of this process by default. */
  stdin?: Readable
}

const LAUNCH: OptionNames<LaunchOptions> = {
  ...PLACEMENT,
  ranks: true,
  program: true,
  args: true,
  env: true,
  timeout: true,
  onFailure: true,
  leftovers: true,
  check: true,
  races: true,
  stallNotice: true,
  trace: true,
  dashboard: true,
  signal: true,
  prefix: true,
  stdout: true,
  stderr: true,
  stdin: true
}

/**
 * Starts a program on N ranks and resolves, when all have ended well, to what each exported as its default, in rank order.
 *
 * Shape: a program → a promise of one value a rank. Units: milliseconds, of times in the options.
 * Errors: RankFailedError when a rank fails, with `rank` and, as `cause`, the error that it ended with; the other ranks are ended. With
 * `onFailure: 'continue'` only when all ranks have failed, with the first; else the place of a rank that has failed is `undefined`.
 * TimeoutError, AbortError. ArgumentError when an option is wrong. RxmpiError when the program cannot be compiled.
 * MPI: mpiexec; mpi4py: `MPIPoolExecutor` comes near.
 */
export async function launch<T = unknown>(options: LaunchOptions): Promise<T[]> {
  checkOptions(options, LAUNCH, "{ ranks: 4, program: './worker.ts' }")
  const {
    program,
    args = [],
    env = {},
    timeout,
    onFailure,
    leftovers = 'warn',
    check,
    races,
    stallNotice = STALL_NOTICE,
    trace,
    dashboard,
    signal,
    prefix = true,
    stdout = process.stdout,
    stderr = process.stderr,
    stdin
  } = options
  const ranks = options.ranks ?? ranksOf(options)
  checkRanks(ranks)
  checkTimeout(timeout)
  checkOnFailure(onFailure)
  checkLeftovers(leftovers, 'leftovers')
  checkSwitch(check, 'check')
  checkSwitch(races, 'races')
  checkStallNotice(stallNotice)
  checkDashboard(dashboard)
  const path = programPath(program)
  if (signal?.aborted) throw aborted(signal)
  const place = await placement({ ...options, ranks, program: path, args })
  const port = typeof dashboard === 'number' ? dashboard : dashboard ? 0 : undefined
  const page = await openDashboard(port, path, args, (line) => stderr.write(`${line}\n`))
  const job = startJob({
    observer: page?.view,
    ranks,
    program: path,
    args,
    env,
    timeout,
    onFailure,
    leftovers,
    check: checkPolicyOf(check, races),
    stallNotice,
    trace: traceFile(trace),
    onRankFailure: (failure) => stderr.write(failureText(failure, ranks)),
    prefix,
    wantsResults: true,
    stdout,
    stderr,
    stdin: () => stdin ?? process.stdin,
    where: options,
    place
  })
  page?.follow(job)
  const end = () => job.end()
  signal?.addEventListener('abort', end)
  // It may have been aborted while the place was made.
  if (signal?.aborted) end()
  const { results, failure, failed } = await job.outcome
  signal?.removeEventListener('abort', end)
  await page?.close(failure?.status ?? 0)
  const goesOn = failure?.rank !== undefined && failed.has(failure.rank) && failed.size < ranks
  if (failure !== undefined && !goesOn) throw asError(failure)
  if (signal?.aborted) throw aborted(signal)
  return results as T[]
}

function checkOnFailure(onFailure: unknown): void {
  if ([undefined, 'end', 'continue'].includes(onFailure as string)) return
  throw new ArgumentError(`onFailure was ${String(onFailure)}: expected 'end' or 'continue'`)
}

function checkDashboard(dashboard: unknown): void {
  if (dashboard === undefined || typeof dashboard === 'boolean') return
  if (Number.isInteger(dashboard) && (dashboard as number) >= 1 && (dashboard as number) <= 65_535) return
  throw new ArgumentError(`dashboard was ${String(dashboard)}: expected true, false or a port, from 1 to 65535`)
}

function asError({ kind, rank, title, text, error }: Failure): Error {
  const cause = error === undefined ? undefined : restoreError(error)
  if (kind === 'timeout') return new TimeoutError(text)
  if (rank === undefined) return cause instanceof RxmpiError ? cause : new RxmpiError(text)
  const message = cause instanceof Error ? `the program failed: ${cause.name}: ${cause.message}` : `the program failed: ${text}`
  if (title !== undefined) return new RankFailedError(`rank ${title}: ${message}`, { cause })
  return new RankFailedError(message, { rank, cause })
}

function aborted(signal: AbortSignal): Error {
  const { reason } = signal
  if (reason instanceof DOMException && reason.name === 'TimeoutError')
    return new TimeoutError('the job was not done in time', { cause: reason })
  return new AbortError('the job was aborted', { cause: reason })
}

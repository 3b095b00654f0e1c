import { totalmem } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { AbortError, ArgumentError, RankFailedError, RxmpiError, TimeoutError } from '../../errors.js'
import { restoreError } from '../../runtime/error-record.js'
import { changed } from '../options/environment.js'
import { programPath } from '../options/program.js'
import { failureText } from './failure-text.js'
import { type Failure, Job, type OnFailure } from './job.js'
import { type Placement, placement, ranksOf } from './placement.js'

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
   * What the failure of a rank does to the others: 'end' (the default) ends them; with 'continue' they go on, and what ended a rank is printed on `stderr`.
   */
  onFailure?: OnFailure
  /** Ends the job when it is aborted. */
  signal?: AbortSignal
  /** Whether lines carry `[rank]` when there are several ranks; they do by default. */
  prefix?: boolean
  /** Where the ranks write; the streams of this process by default. */
  stdout?: Writable
  stderr?: Writable
  /** What rank 0 reads; the standard input of this process by default. */
  stdin?: Readable
}

/**
 * Starts a program on N ranks and resolves, when all have ended well, to what each exported as its default, in rank order.
 *
 * Errors: RankFailedError when a rank fails, with `rank` and, as `cause`, the error that it ended with; the other ranks are ended. With `onFailure: 'continue'` only
 * when all ranks have failed, with the first; else the place of a rank that has failed is `undefined`. TimeoutError, AbortError. ArgumentError when an option is wrong. RxmpiError when the program cannot be compiled.
 * MPI: mpiexec; mpi4py: `MPIPoolExecutor` comes near.
 */
export async function launch<T = unknown>(options: LaunchOptions): Promise<T[]> {
  const {
    program,
    args = [],
    env = {},
    timeout,
    onFailure,
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
  const path = programPath(program)
  if (signal?.aborted) throw aborted(signal)
  const job = new Job({
    ranks,
    program: path,
    args,
    env: changed(process.env, env),
    envChanges: env,
    timeout,
    onFailure,
    onRankFailure: (failure) => stderr.write(failureText(failure, ranks)),
    prefix,
    wantsResults: true,
    stdout,
    stderr,
    stdin: () => stdin ?? process.stdin,
    inputIsTerminal: false,
    place: await placement({ ...options, ranks, program: path, args })
  })
  const end = () => job.end()
  signal?.addEventListener('abort', end)
  // It may have been aborted while the place was made.
  if (signal?.aborted) end()
  const { results, failure, failed } = await job.outcome
  signal?.removeEventListener('abort', end)
  const goesOn = failure?.rank !== undefined && failed.has(failure.rank) && failed.size < ranks
  if (failure !== undefined && !goesOn) throw asError(failure)
  if (signal?.aborted) throw aborted(signal)
  return results as T[]
}

/** `here`: they all take this machine's memory. */
export function checkRanks(ranks: number | undefined, here = true): asserts ranks is number {
  if (ranks === undefined || !Number.isSafeInteger(ranks) || ranks < 1)
    throw new ArgumentError(`ranks was ${String(ranks)}: expected a whole number from 1 up`)
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  if (here && ranks * RANK_BYTES > memory) {
    const [needed, there] = [ranks * RANK_BYTES, memory].map((bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`)
    throw new ArgumentError(`ranks was ${ranks}: they would need at least ${needed} of memory, and this machine has ${there}`)
  }
}

/** What a rank takes that does nothing. */
const RANK_BYTES = 8 * 2 ** 20

export function checkOnFailure(onFailure: unknown): void {
  if ([undefined, 'end', 'continue'].includes(onFailure as string)) return
  throw new ArgumentError(`onFailure was ${String(onFailure)}: expected 'end' or 'continue'`)
}

function checkTimeout(timeout: number | undefined): void {
  if (timeout === undefined || (timeout > 0 && timeout <= MAX_TIMEOUT)) return
  throw new ArgumentError(`timeout was ${String(timeout)}: expected seconds, more than 0 and at most ${MAX_TIMEOUT}`)
}

/** The longest time that Node's timers know, in seconds. */
export const MAX_TIMEOUT = Math.floor((2 ** 31 - 1) / 1000)

function asError({ kind, rank, text, error }: Failure): Error {
  const cause = error === undefined ? undefined : restoreError(error)
  if (kind === 'timeout') return new TimeoutError(text)
  if (rank === undefined) return cause instanceof RxmpiError ? cause : new RxmpiError(text)
  const message = cause instanceof Error ? `the program failed: ${cause.name}: ${cause.message}` : `the program failed: ${text}`
  return new RankFailedError(message, { rank, cause })
}

function aborted(signal: AbortSignal): Error {
  const { reason } = signal
  if (reason instanceof DOMException && reason.name === 'TimeoutError')
    return new TimeoutError('the job was not done in time', { cause: reason })
  return new AbortError('the job was aborted', { cause: reason })
}

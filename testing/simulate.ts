import { isObservable, type Observable, of, ReplaySubject, switchMap } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkOptions } from '../src/diagnostics/arguments.js'
import { frames, renewCallSiteBudget } from '../src/diagnostics/call-site.js'
import type { OptionNames } from '../src/diagnostics/option-names.js'
import { ArgumentError, DeadlockError, RankError } from '../src/errors.js'
import { useFileSystem } from '../src/file/file-system.js'
import { CheckedMemory } from '../src/progress/checked-memory.js'
import { HEADER } from '../src/progress/frame.js'
import { failures, type Request } from '../src/request/request.js'
import type { LinkModel } from '../src/transport/memory/options.js'
import { integer, random } from './compliance/random.js'
import { LeakError } from './simulation/errors.js'
import { SimulatedJob } from './simulation/job/job.js'
import { checkPrograms, type SimulatedPrograms } from './simulation/job/programs.js'
import { type Leaks, leaksOf, listed } from './simulation/leaks.js'
import { type Assert, MarbleScheduler } from './simulation/marble-scheduler.js'
import { MatchTrace } from './simulation/match-trace.js'
import { seeRequests } from './simulation/outcome.js'
import { Programs } from './simulation/programs.js'
import { type Traffic, TrafficMonitor } from './simulation/traffic.js'
import { type DiskModel, VirtualDisk } from './simulation/virtual-disk.js'

/** The network between the ranks, and how strict the test is. */
export interface SimulateOptions extends LinkModel {
  /** How fast each link is, where they differ; what it leaves out is as in `latency` and `bytesPerMs`. */
  link?: (from: number, to: number) => LinkModel
  /**
   * The number of each rank's host, for what goes another way between hosts than within one; default one host for all. How fast the links
   * are, `link` says. Ranks that are spawned are on the host of the root.
   */
  hosts?: readonly number[]
  /** Bytes that may be under way from one rank to another; default 1 MiB. */
  capacity?: number
  /** An arrival order, of those that are possible, for messages that reach their ranks at the same time; default as they were sent. */
  seed?: number
  /** A message takes up to so many whole milliseconds longer, as the seed has it: for tests that draw no times; default 0. */
  jitter?: number
  /**
   * What is left at the end: requests that wait, messages nobody has received, receives and collectives whose requests nobody has looked
   * at, communicators that were made and not freed. `'error'` (the default) makes it the test's failure.
   */
  leaks?: 'error' | 'ignore'
  /** Memory that a call is on, and that is changed before the call is done, is an AliasError: `rxmpi run --check`. The default. */
  check?: boolean
  /** Files that there are from the start, by path. All ranks share a disk in memory. */
  files?: Readonly<Record<string, Uint8Array | string>>
  /** How slow that disk is, and what fails; default not at all. */
  disk?: DiskModel
  /**
   * What `spawn` can start, by the end of its path: `{ 'worker.ts': (world, parent, { args, env }) => … }` for './worker.ts' or
   * new URL('./worker.ts', import.meta.url). In `link`, and wherever a rank is told here, spawned ranks go on counting: the first is number
   * `size`.
   */
  programs?: SimulatedPrograms
  /** Compares what was recorded with what was drawn; default deep equality, with a message that says what differs. */
  assert?: Assert
}

const DISK: OptionNames<DiskModel> = { latency: true, bytesPerMs: true, fail: true }

/** @internal */
export const SIMULATE: OptionNames<SimulateOptions> = {
  latency: true,
  bytesPerMs: true,
  link: true,
  hosts: true,
  capacity: true,
  seed: true,
  jitter: true,
  leaks: true,
  check: true,
  files: true,
  disk: true,
  programs: true,
  assert: true
}

/** All that RxJS's `TestScheduler.run` gives, and the ranks. */
export interface SimulateHelpers extends RunHelpers {
  /** The world's communicator of each rank. */
  readonly comms: readonly Communicator[]
  /**
   * Runs a program on every rank; what each returned. A pipeline that a rank returns takes part whether the test looks at it or not: if
   * nobody has subscribed to it once frame 0 is over, `simulate` does.
   */
  ranks<T>(program: (comm: Communicator) => T): T[]
  /**
   * What the program of a spawned rank has returned, once it has: what a pipeline emits, or the value. Spawned ranks go on counting: the
   * first is number `size`.
   */
  spawned<T = unknown>(rank: number): Observable<T>
  /**
   * Draws the data of each message that crossed a link, at the time when all of it had arrived. What ranks say to each other beside
   * messages is not shown.
   */
  expectMessages(from: number, to: number): { toBe(marbles: string, values?: Record<string, unknown>): void }
  /** How many messages, and bytes of data, have arrived so far: from one rank or all, at one rank or all. */
  traffic(from?: number, to?: number): Readonly<Traffic>
  /** What is on the disk that the ranks share, by path. */
  files(): Record<string, Uint8Array>
  /** A rank is no more: the others are told, each after all that it has sent them. */
  end(rank: number, reason?: string): void
  /**
   * A rank dies, now: nothing that it does from now on has any effect. The others are told, each after what arrives of that which it has
   * sent them: all of it, or, where the test has a `seed`, so much as that has it, on each link.
   */
  fail(rank: number, reason?: string): void
}

/**
 * Runs N ranks in this thread and in virtual time, with marble diagrams: one frame is one millisecond. Nothing is left to chance, so times
 * are exact.
 *
 *     rank 0   isend(a)   (u|)
 *     rank 1   irecv()    --(a|)
 *
 * A message takes latency + bytes / bytesPerMs; messages of a link arrive in order. Computation takes no time. What waits for a promise
 * never goes on, for time does not pass outside this call: use requests and pipelines, `irecv` and not `await recv`.
 *
 * At the end, when nothing is left to happen, it checks what was expected; then it unsubscribes from what `expectObservable` and `ranks`
 * have subscribed to, lets what follows from that happen, and looks for what is left (`leaks`). A subscription to `messages()` that is
 * still open is nothing to worry about: it is endless by nature.
 *
 * `comm.spawn` starts what `programs` has under that name, and `comm.listen` and `comm.connect` meet by name. What a rank and its job say
 * to each other takes `latency` each way; what the job does takes no time. All that is checked at the end is, in all worlds.
 *
 * A call with a `signal` is no exception: what fires in real time, such as `AbortSignal.timeout`, never does here; abort a controller at a
 * virtual time.
 *
 * Shape: gives back what the test returns. Cost: a thousand ranks take a third of a second for ten messages each. Errors: what the test
 * throws; a MarbleError, or what `assert` throws, where something is not as drawn; a DeadlockError that lists what waits for ever and at
 * which line of the test it was called; a LeakError; an ArgumentError for a bad argument. A program that cannot be spawned is a SpawnError
 * of the call that wanted it.
 *
 * @example
 * ```ts
 * import { simulate } from 'rxmpi/testing'
 *
 * simulate(2, { latency: 2 }, ({ comms: [zero, one], expectObservable, expectMessages }) => {
 *   expectObservable(one.irecv<string>()).toBe('--(a|)')
 *   expectMessages(0, 1).toBe('                --a')
 *   zero.isend('a', { dest: 1 })
 * })
 * console.log('as drawn') // [0] as drawn [1] as drawn
 * ```
 */
export function simulate<T>(size: number, options: SimulateOptions, test: (helpers: SimulateHelpers) => T): T {
  checkArguments(options, test)
  const { failure, result } = runOnce(size, options, test)
  if (failure !== undefined) throw failure.cause
  return result as T
}

/** @internal What a simulated test has come to. */
export interface Run<T = unknown> {
  readonly result: T | undefined
  /** Absent where it has passed. */
  readonly failure: { readonly cause: unknown } | undefined
  /** Which message each receive has got, where that was asked for. */
  readonly trace: MatchTrace | undefined
  /** How much the test has drawn. */
  readonly expectations: number
}

/** @internal The same for who looks at what has failed; the arguments are good. */
export function runOnce<T>(size: number, options: SimulateOptions, test: (helpers: SimulateHelpers) => T, isTraced = false): Run<T> {
  const { seed, jitter = 0, leaks = 'error', assert, files, check = true, disk: diskModel, programs: spawnable = {}, ...model } = options
  const next = random(seed ?? 0)
  const scheduler = new MarbleScheduler(assert)
  const traffic = new TrafficMonitor()
  const trace = isTraced ? new MatchTrace() : undefined
  const disk = new VirtualDisk(scheduler, files, diskModel)
  const programs = new Programs()
  const returned = new Map<number, ReplaySubject<unknown>>()
  const returnedBy = (rank: number): ReplaySubject<unknown> => {
    const result = returned.get(rank) ?? new ReplaySubject<unknown>(1)
    returned.set(rank, result)
    return result
  }
  const job = new SimulatedJob(size, {
    network: {
      ...model,
      scheduler,
      headerBytes: HEADER,
      ...(seed === undefined ? {} : { order: next }),
      ...(jitter === 0 ? {} : { delay: () => integer(next, 0, jitter) })
    },
    programs: spawnable,
    traffic,
    prepare: (rank, endpoint, crossing) => {
      useFileSystem(endpoint, disk.of(rank))
      if (check) endpoint.memoryInUse = new CheckedMemory()
      trace?.followIn(crossing, endpoint)
    },
    run: (rank, program) => {
      const result = returnedBy(rank)
      result.next(programs.add(settled(program(), 'program: it')))
      result.complete()
      scheduler.schedule(watchAll)
    }
  })
  const failed: Request<unknown>[] = []
  const left = (): Leaks => leaksOf(job.processes.filter(({ death }) => death === undefined))
  const watchAll = (): void => {
    for (const program of programs.unwatched()) scheduler.keep(program)
  }
  const checkEnding = (rank: number): void => checkRank('rank', rank, job.processes.length)
  const checkLink = (name: string, rank: number): void => checkRank(name, rank, Object.keys(spawnable).length > 0 ? Infinity : size)
  scheduler.explain = () => explanation(left(), failed)
  scheduler.beforeFlush = () => {
    if (programs.unwatched().length === 0) return
    scheduler.schedule(watchAll)
  }
  renewCallSiteBudget(Number.POSITIVE_INFINITY)

  const run = (): T =>
    takingFailures(failed, () =>
      scheduler.run((base) => {
        const result = test({
          ...scheduler.helpers(base),
          expectObservable: (observable, marbles) => {
            programs.watch(observable)
            return scheduler.expect(base, 'expectObservable', observable, marbles)
          },
          comms: job.comms,
          ranks: (program) => job.comms.map((comm) => programs.add(settled(program(comm), 'program: it'))),
          spawned: <R>(rank: number) => {
            if (!(Number.isInteger(rank) && rank >= size)) {
              throw new RankError(`rank: expected that of a spawned one, which are numbered from ${size} on, got ${rank}`)
            }
            return returnedBy(rank).pipe(switchMap((result) => (isObservable(result) ? result : of(result)))) as Observable<R>
          },
          expectMessages: (from, to) => {
            checkLink('from', from)
            checkLink('to', to)
            return scheduler.expect(base, `expectMessages(${from}, ${to})`, traffic.watch(from, to))
          },
          traffic: (from, to) => traffic.count(from, to),
          files: () => disk.files(),
          end: (rank, reason) => {
            checkEnding(rank)
            job.end(rank, { reason, keep: undefined })
          },
          fail: (rank, reason) => {
            checkEnding(rank)
            disk.fail(rank)
            job.end(rank, { reason, keep: (parcels) => (seed === undefined ? parcels : integer(next, 0, parcels)) })
          }
        })
        settled(result, 'test: it')
        scheduler.flush()
        scheduler.leave()
        scheduler.flush()
        for (const { unseen } of failed) if (unseen !== undefined) throw unseen
        seeRequests([result, programs.returned])
        if (leaks === 'error') checkLeaks(left())
        return result
      })
    )
  try {
    return { result: run(), failure: undefined, trace, expectations: scheduler.made }
  } catch (cause) {
    return { result: undefined, failure: { cause }, trace, expectations: scheduler.made }
  }
}

/** Failures that nobody looks at come out of the test, as do other errors that nobody handles. */
function takingFailures<T>(failed: Request<unknown>[], run: () => T): T {
  const { take } = failures
  failures.take = (request) => failed.push(request)
  try {
    return run()
  } finally {
    failures.take = take
  }
}

function checkLeaks({ waiting, unreceived, unfreed, overlooked, held, site }: Leaks): void {
  const rest = [...held, ...unreceived, ...overlooked, ...unfreed]
  if (waiting.length === 0 && rest.length === 0) return
  const lines = listed([...waiting, ...rest])
  const error =
    waiting.length > 0
      ? new DeadlockError(`deadlock: nothing is under way any more, so nothing can ever happen again\n${lines}\n`)
      : new LeakError(`the test has ended and has left something behind\n${lines}\n`)
  error.stack = [`${error.name}: ${error.message}`, ...frames(site)].join('\n')
  throw error
}

/** What may be the reason when something is not as expected. */
function explanation({ waiting, open, unreceived, held }: Leaks, failed: readonly Request<unknown>[]): string {
  const faults = failed.flatMap(({ unseen }) => (unseen === undefined ? [] : [`${unseen.name}: ${unseen.message}`]))
  const lines = [...faults, ...waiting, ...held, ...open, ...unreceived]
  return lines.length === 0 ? '' : `when nothing was left to happen:\n${listed(lines)}`
}

/** Time does not pass for promises. */
function settled<T>(result: T, what: string): T {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return result
  throw new ArgumentError(
    `${what} returned a promise, which cannot settle while virtual time passes; ` +
      'use requests and pipelines (irecv, isend, messages) and not await'
  )
}

function checkArguments(options: unknown, test: unknown): void {
  checkOptions(options, SIMULATE, '{ latency: 2 }')
  if (typeof test !== 'function') throw new ArgumentError(`test: expected a function, got ${test}`)
  const { seed, jitter, leaks, check, assert, disk, programs } = options as SimulateOptions
  if (programs !== undefined) checkPrograms(programs)
  if (disk !== undefined) checkOptions(disk, DISK, '{ latency: 2 }')
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw new ArgumentError(`seed: expected an integer, got ${seed}`)
  if (jitter !== undefined && !(Number.isSafeInteger(jitter) && jitter >= 0)) {
    throw new ArgumentError(`jitter: expected whole milliseconds from 0 on, got ${jitter}`)
  }
  if (![undefined, 'error', 'ignore'].includes(leaks)) throw new ArgumentError(`leaks: expected 'error' or 'ignore', got ${leaks}`)
  if (check !== undefined && typeof check !== 'boolean') throw new ArgumentError(`check: expected true or false, got ${check}`)
  if (assert !== undefined && typeof assert !== 'function')
    throw new ArgumentError(`assert: expected a function (actual, expected), got ${assert}`)
}

function checkRank(name: string, rank: number, size: number): void {
  if (!(Number.isInteger(rank) && rank >= 0 && rank < size))
    throw new RankError(`${name}: expected a rank from 0 ${size === Infinity ? 'on' : `to ${size - 1}`}, got ${rank}`)
}

import type { Readable, Writable } from 'node:stream'
import { debug } from '../../diagnostics/debug.js'
import { type ErrorRecord, translateRecord } from '../../runtime/error-record.js'
import type { Leftovers } from '../../runtime/leftovers-policy.js'
import {
  DRAIN_SIGNALS,
  type DrainSignal,
  type EndReason,
  type FromRank,
  type Inspection,
  type ProfileKind,
  type ReportReason,
  type ToInput,
  type ToRank
} from '../../runtime/rank-protocol.js'
import { type Compiled, CompileError, compile } from '../compile/compile.js'
import { OutputMux } from '../host/output-mux.js'
import type { Gone, Host, HostListener } from '../protocol/host.js'
import { DeadlockWatch } from './deadlock.js'
import { Input } from './input.js'
import { logLines } from './log-lines.js'
import { type Picture, Report } from './report.js'
import { StallWatch } from './stall-watch.js'

export interface JobOptions {
  ranks: number
  /** An absolute path; undefined where the ranks run theirs already. */
  program: string | undefined
  args: readonly string[]
  env: NodeJS.ProcessEnv
  /** What of it was asked for: other machines have environments of their own. */
  envChanges: Record<string, string | undefined>
  timeout?: number | undefined
  prefix: boolean
  wantsResults: boolean
  leftovers: Leftovers
  /** What of each rank is profiled; default nothing. */
  profiles?: readonly ProfileKind[] | undefined
  inspection?: Inspection | undefined
  /** What the failure of a rank does to the others; default 'end'. */
  onFailure?: OnFailure | undefined
  /** Seconds without progress after which is told who waits for whom, once; 0: never. */
  stallNotice: number
  /** When the job fails, so much of what each rank has done last is kept; default none. */
  last?: number | undefined
  /** Tells the user something; by default on `stderr`. */
  tell?: ((text: string) => void) | undefined
  /** Hears of each rank that fails while the others go on. */
  onRankFailure?: ((failure: Failure) => void) | undefined
  stdout: Writable
  stderr: Writable
  stdin: () => Readable
  inputIsTerminal: boolean
  /** Starts the hosts of the ranks. */
  place: (options: JobOptions, listener: HostListener) => readonly Host[]
}

/** What the failure of a rank does to the others: 'end' ends them, 'continue' lets them go on. */
export type OnFailure = 'end' | 'continue'

export interface Failure {
  /** `exit`: a status other than 0; `broken`: nobody reads the output any more. */
  kind: 'program' | 'error' | 'exit' | 'abort' | 'timeout' | 'broken' | 'signal'
  status: number
  rank?: number | undefined
  text: string
  error?: ErrorRecord | undefined
}

export interface Outcome {
  /** Each rank's default export. */
  results: unknown[]
  /** What has ended the job, or the first failure of a rank. */
  failure?: Failure | undefined
  /** Ranks that have failed while the others went on. */
  failed: ReadonlySet<number>
  /** What the ranks had done last, where the job has failed and this was wanted. */
  log: readonly string[]
  /** Threads that could not be ended: they are inside a call that never returns. */
  stuck: number[]
}

const DRAIN_MS = 5000
const END_MS = 1500
/**
 * Often all ranks fail alike, and a thread that is ended while Node prepares the report of its own error takes the process down (an
 * assertion in `AppendExceptionLine`, seen on Node 20): those that fail anyway get the time to.
 */
const SETTLE_MS = 100
const KILLED = 128 + 9
const RUNAWAY_PIPE = 128 + 13
/** Node's status for a program whose top-level await can never go on. */
const UNSETTLED = 13

/**
 * N ranks of one program, wherever they run, from their start to the end of the last. The first failure ends them all, unless the others
 * are to go on.
 */
export class Job implements HostListener {
  readonly outcome: Promise<Outcome>
  readonly #options: JobOptions
  readonly #hosts: readonly Host[]
  readonly #hostOf: readonly Host[]
  readonly #alive = new Set<number>()
  readonly #outlets: { 1: OutputMux; 2: OutputMux }
  readonly #results: unknown[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #deadlock: DeadlockWatch
  readonly #reports = new Map<ReportReason, Report>()
  readonly #stall: StallWatch | undefined
  readonly #input: Input
  #compiled: Compiled | undefined
  #failure: Failure | undefined
  /** The first of a rank that did not end the job. */
  #first: Failure | undefined
  readonly #failed = new Set<number>()
  #ending = false
  #finished = false
  #settle!: (outcome: Outcome) => void

  constructor(options: JobOptions) {
    const { ranks, prefix, stdout, stderr, timeout } = options
    this.#options = options
    this.#results = new Array(ranks).fill(undefined)
    this.#input = new Input(options.stdin, (message) => this.#hostOf[0]!.input(message))
    const style = { prefix: prefix && ranks > 1, raw: ranks === 1 }
    this.#outlets = { 1: new OutputMux(stdout, style), 2: new OutputMux(stderr, style) }
    stdout.on('error', this.#onBroken)
    stderr.on('error', this.#onBroken)
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    for (let rank = 0; rank < ranks; rank++) this.#alive.add(rank)
    this.#hosts = options.place(options, this)
    for (const { name, ranks: here } of this.#hosts) debug('%s: ranks %s', name ?? 'threads of this process', here.join())
    this.#hostOf = Array.from({ length: ranks }, (_, rank) => this.#hosts.find((host) => host.ranks.includes(rank))!)
    this.#deadlock = new DeadlockWatch(this, this.#hosts)
    if (timeout !== undefined) this.#after(timeout * 1000, () => this.#timeOut(timeout))
    if (options.stallNotice > 0) {
      const { tell = (text) => stderr.write(text) } = options
      this.#stall = new StallWatch(this, this.#hosts, options.stallNotice, (text) => tell(`rxmpi: ${text}\n`))
    }
    void this.#load()
  }

  get size(): number {
    return this.#hostOf.length
  }

  /** The ranks that have not ended. */
  get alive(): ReadonlySet<number> {
    return this.#alive
  }

  post(rank: number, message: ToRank): void {
    this.#hostOf[rank]!.post(rank, message)
  }

  /** Asks the ranks to finish; those that have not within the grace are ended. */
  drain(signal: DrainSignal): void {
    if (this.#failure !== undefined) {
      this.end()
      return
    }
    this.#failure = { kind: 'signal', status: 128 + DRAIN_SIGNALS[signal], text: `ended by ${signal}` }
    for (const rank of this.#alive) this.post(rank, { type: 'signal', signal })
    this.#after(DRAIN_MS, () => this.end())
  }

  /** The job has failed: what matters is the first failure, the others follow from it. */
  fail(failure: Failure): void {
    const { kind, rank, status } = failure
    debug('failure: %s of rank %s, status %d', kind, rank, status)
    if (this.#failure !== undefined || this.#finished) return
    const ofRank = failure.kind === 'error' || failure.kind === 'exit'
    if (ofRank && this.#options.onFailure === 'continue') return this.#lose(failure)
    this.#failure = failure
    if (ofRank) this.#after(SETTLE_MS, () => this.end())
    else this.end()
  }

  /** A rank has failed, and the others go on. What it is told of more than once it says once. */
  #lose(failure: Failure): void {
    const { rank } = failure
    if (rank === undefined || this.#failed.has(rank)) return
    this.#failed.add(rank)
    this.#first ??= failure
    this.#options.onRankFailure?.(failure)
  }

  /** Ends every rank at once. */
  end(): void {
    if (this.#ending || this.#finished) return
    this.#ending = true
    for (const host of this.#hosts) host.terminate()
    this.#after(END_MS, () => this.#finish())
  }

  /** What every rank has done last, some lines for each. */
  async log(last: number): Promise<string[]> {
    const logs = await Promise.all(this.#hostOf.map((host, rank) => host.log(rank, last)))
    return logs.flatMap((log, rank) => logLines(rank, log))
  }

  stackOf(rank: number): Promise<readonly string[] | undefined> {
    return this.#hostOf[rank]!.stackOf(rank)
  }

  /** Has every rank say what it waits for, and end that. */
  async ask(reason: EndReason): Promise<string[]> {
    return (await this.#ask(reason)).lines
  }

  /** Has every rank say what it waits for, and go on; who asks meanwhile gets the same. */
  async look(): Promise<Picture> {
    const picture = await (this.#reports.get('look')?.picture ?? this.#ask('look'))
    this.#reports.delete('look')
    return picture
  }

  #ask(reason: ReportReason): Promise<Picture> {
    const report = new Report(this, reason)
    this.#reports.set(reason, report)
    return report.picture
  }

  async #load(): Promise<void> {
    const { program } = this.#options
    if (program === undefined) return
    try {
      this.#compiled = await compile(program)
      debug('compiled %s', program)
      if (this.#ending) this.#removeCompiled()
      else for (const host of this.#hosts) host.load({ url: this.#compiled.url, path: program })
    } catch (error) {
      this.fail({
        kind: 'program',
        status: 1,
        text: error instanceof CompileError ? error.message : String((error as Error)?.stack ?? error)
      })
    }
  }

  message(rank: number, message: FromRank): void {
    switch (message.type) {
      case 'output':
        this.#stall?.progress()
        this.#outlets[message.fd].write(rank, message.chunk, () => this.#hostOf[rank]!.written(rank, message.bytes))
        break
      case 'result':
        this.#results[rank] = message.value
        break
      case 'failed': {
        const error = translateRecord(message.error, (text) => this.#compiled?.translate(text) ?? text)
        this.fail({ kind: 'error', status: 1, rank, text: error.text, error })
        break
      }
      case 'stalled':
        this.#stalls(rank, message.at)
        break
      case 'abort':
        this.fail({ kind: 'abort', status: message.code, rank, text: `abort: ${message.reason ?? `status ${message.code}`}` })
        break
      case 'idle':
        void this.#deadlock.check()
        break
      case 'waits':
        this.#reports.get(message.reason)?.answer(rank, message)
        break
    }
  }

  asked(message: ToInput): void {
    this.#input.asked(message)
  }

  ended(rank: number, status: number, fatal: string | undefined): void {
    if (fatal !== undefined) this.fail({ kind: 'error', status: 1, rank, text: fatal })
    if (status !== 0 && !this.#ending) {
      if (status !== UNSETTLED) this.fail({ kind: 'exit', status, rank, text: `ended with status ${status}` })
      else this.#stalls(rank, [])
    }
    this.#leave(rank)
  }

  drained(rank: number, how: Gone): void {
    for (const host of this.#hosts) if (host !== this.#hostOf[rank]) host.gone(rank, how)
  }

  signalled(signal: DrainSignal): void {
    if (this.#failure === undefined) this.drain(signal)
  }

  broken(text: string, error?: ErrorRecord): void {
    this.fail({ kind: 'program', status: 1, text, error })
  }

  lost(host: Host, { status, text, how }: { status: number; text: string; how: Gone }): void {
    const ranks = host.ranks.filter((rank) => this.#alive.has(rank))
    if (!this.#ending && ranks.length > 0) this.fail({ kind: 'exit', status, rank: ranks[0], text })
    for (const rank of ranks) {
      if (this.#options.onFailure === 'continue') this.#failed.add(rank)
      this.drained(rank, how)
      this.#leave(rank)
    }
  }

  /** A rank has ended at a top-level await. Often several do at the same time, each at its own. */
  #stalls(rank: number, at: readonly string[]): void {
    const where = at.length === 0 ? '' : ` at ${at.join(' and ')}`
    const first = this.#failure
    if (first?.status === UNSETTLED && first.rank !== rank && where !== '') first.text += `\nso has rank ${rank},${where}`
    else
      this.fail({ kind: 'error', status: UNSETTLED, rank, text: `ended while its top-level await${where} was still waiting (status 13)` })
  }

  #leave(rank: number): void {
    if (!this.#alive.delete(rank)) return
    debug('rank %d has ended', rank)
    this.#outlets[1].finish(rank)
    this.#outlets[2].finish(rank)
    for (const report of this.#reports.values()) report.ended(rank)
    void this.#deadlock.check()
    if (this.#alive.size === 0) this.#finish()
  }

  readonly #onBroken = (error: NodeJS.ErrnoException): void => {
    this.fail({ kind: 'broken', status: error.code === 'EPIPE' ? RUNAWAY_PIPE : 1, text: `cannot write output: ${error.message}` })
  }

  #timeOut(seconds: number): void {
    void this.ask('timeout').then((lines) => {
      this.fail({ kind: 'timeout', status: 124, text: [`still running after ${seconds} s`, ...lines].join('\n') })
    })
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms))
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#stall?.stop()
    this.#input.close()
    this.#removeCompiled()
    const { stdout, stderr } = this.#options
    const failure = this.#failure ?? this.#first
    const reportFollows = this.#failure !== undefined
    void this.#finalLog(failure).then(async (log) => {
      const statuses = await Promise.all([
        ...this.#hosts.map((host) => host.close(failure?.status ?? 0)),
        this.#outlets[1].drained({ reportFollows }),
        this.#outlets[2].drained({ reportFollows })
      ])
      const killed = statuses.find((status) => status !== undefined)
      // Seen from here, whoever is no more was killed.
      if (killed !== undefined && this.#failure?.status === KILLED) this.#failure.status = killed
      stdout.off('error', this.#onBroken)
      stderr.off('error', this.#onBroken)
      this.#settle({ results: this.#results, failure, failed: this.#failed, log, stuck: this.#stuck() })
    })
  }

  /** Asked for while the hosts are there; one that does not answer has the time to end. */
  async #finalLog(failure: Failure | undefined): Promise<readonly string[]> {
    const { last = 0 } = this.#options
    if (failure === undefined || last === 0) return []
    const late = new Promise<string[]>((resolve) => this.#after(END_MS, () => resolve([])))
    return Promise.race([this.log(last), late])
  }

  /** Other processes have been told to end, or were never there. */
  #stuck(): number[] {
    return [...this.#alive].filter((rank) => this.#hostOf[rank]!.name === undefined)
  }

  #removeCompiled(): void {
    this.#compiled?.remove()
    this.#compiled = undefined
  }
}

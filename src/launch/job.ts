import type { Readable, Writable } from 'node:stream'
import { MessageChannel, Worker } from 'node:worker_threads'
import { allocateHost, ENDED, FAILED, type HostMemory, markGone } from '../transport/shared/host-memory.js'
import { type Compiled, CompileError, compile } from './compile.js'
import { DeadlockWatch } from './deadlock.js'
import { type ErrorRecord, translateRecord } from './error-record.js'
import { Input } from './input.js'
import { Outlet } from './outlet.js'
import { rankModule } from './package.js'
import type { FromRank, RankData, ToRank } from './protocol.js'
import { Report } from './report.js'
import { terminalOf } from './terminal.js'

export interface JobOptions {
  ranks: number
  /** An absolute path. */
  program: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  timeout?: number | undefined
  prefix: boolean
  wantsResults: boolean
  stdout: Writable
  stderr: Writable
  stdin: () => Readable
  inputIsTerminal: boolean
}

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
  failure?: Failure | undefined
  /** Ranks that could not be ended: they are inside a call that never returns. */
  stuck: number[]
}

const signalNumbers = { SIGINT: 2, SIGTERM: 15 }
export type DrainSignal = keyof typeof signalNumbers
const DRAIN_MS = 5000
const END_MS = 1500
/**
 * Often all ranks fail alike, and a thread that is ended while Node prepares the report of its own error takes the process down
 * (an assertion in `AppendExceptionLine`, seen on Node 20): those that fail anyway get the time to.
 */
const SETTLE_MS = 100
const RUNAWAY_PIPE = 128 + 13
/** Node's status for a program whose top-level await can never go on. */
const UNSETTLED = 13

/**
 * N ranks of one program as threads of this process, from their start to the end of the last. The first failure ends them all.
 */
export class Job {
  readonly outcome: Promise<Outcome>
  readonly #options: JobOptions
  readonly #memory: HostMemory
  readonly #unwritten: Int32Array
  readonly #workers: Worker[]
  readonly #alive = new Set<number>()
  readonly #outlets: { 1: Outlet; 2: Outlet }
  readonly #results: unknown[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #deadlock: DeadlockWatch
  #report: Report | undefined
  #input: Input | undefined
  #compiled: Compiled | undefined
  #failure: Failure | undefined
  #ending = false
  #finished = false
  #settle!: (outcome: Outcome) => void

  constructor(options: JobOptions) {
    const { ranks, prefix, stdout, stderr, timeout } = options
    this.#options = options
    this.#results = new Array(ranks).fill(undefined)
    this.#memory = allocateHost(ranks)
    this.#deadlock = new DeadlockWatch(this, this.#memory)
    this.#unwritten = new Int32Array(new SharedArrayBuffer(4 * ranks))
    const style = { prefix: prefix && ranks > 1, raw: ranks === 1 }
    this.#outlets = { 1: new Outlet(stdout, style), 2: new Outlet(stderr, style) }
    stdout.on('error', this.#onBroken)
    stderr.on('error', this.#onBroken)
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#workers = Array.from({ length: ranks }, (_, rank) => this.#startRank(rank))
    if (timeout !== undefined) this.#after(timeout * 1000, () => this.#timeOut(timeout))
    void this.#load()
  }

  get size(): number {
    return this.#workers.length
  }

  /** The ranks whose threads have not ended. */
  get alive(): ReadonlySet<number> {
    return this.#alive
  }

  post(rank: number, message: ToRank, transfer: readonly never[] = []): void {
    this.#workers[rank].postMessage(message, transfer)
  }

  /** Asks the ranks to finish; those that have not within the grace are ended. */
  drain(signal: DrainSignal): void {
    if (this.#failure !== undefined) {
      this.end()
      return
    }
    this.#failure = { kind: 'signal', status: 128 + signalNumbers[signal], text: `ended by ${signal}` }
    for (const rank of this.#alive) this.post(rank, { type: 'signal', signal })
    this.#after(DRAIN_MS, () => this.end())
  }

  /** The job has failed: what matters is the first failure, the others follow from it. */
  fail(failure: Failure): void {
    if (this.#failure !== undefined || this.#finished) return
    this.#failure = failure
    if (failure.kind === 'error' || failure.kind === 'exit') this.#after(SETTLE_MS, () => this.end())
    else this.end()
  }

  /** Ends every rank at once. */
  end(): void {
    if (this.#ending || this.#finished) return
    this.#ending = true
    for (const rank of this.#alive) void this.#workers[rank].terminate()
    this.#after(END_MS, () => this.#finish())
  }

  /** Has every rank say what it waits for. */
  ask(reason: 'deadlock' | 'timeout'): Promise<string[]> {
    this.#report = new Report(this, reason)
    return this.#report.lines
  }

  #startRank(rank: number): Worker {
    const { ranks, args, env, prefix, wantsResults, stdout, stderr, stdin, inputIsTerminal } = this.#options
    const terminals = prefix && ranks > 1 ? {} : { 1: terminalOf(stdout), 2: terminalOf(stderr) }
    const launch: RankData['launch'] = {
      wantsResult: wantsResults,
      unwritten: this.#unwritten.buffer as SharedArrayBuffer,
      colors: (terminalOf(stderr)?.colorDepth ?? 1) > 2,
      terminals
    }
    if (rank === 0) {
      const { port1, port2 } = new MessageChannel()
      this.#input = new Input(stdin, port1)
      Object.assign(launch, { input: port2, inputIsTerminal })
    }
    const workerData: RankData = { rxmpi: { rank, size: ranks, ...this.#memory }, launch }
    const worker = new Worker(rankModule, {
      workerData,
      transferList: launch.input === undefined ? [] : [launch.input],
      argv: [...args],
      ...(process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {}),
      env,
      name: `rank ${rank}`,
      stdout: true,
      stderr: true
    })
    this.#alive.add(rank)
    worker.on('message', (message: FromRank) => this.#onMessage(rank, message))
    // It may overtake what the rank itself tells, `exit` does not.
    let fatal: { error: unknown } | undefined
    worker.on('error', (error) => {
      fatal = { error }
    })
    worker.on('exit', (status) => {
      if (fatal !== undefined) this.fail({ kind: 'error', status: 1, rank, text: this.#describe(fatal.error) })
      this.#onExit(rank, status)
    })
    return worker
  }

  async #load(): Promise<void> {
    const { program } = this.#options
    try {
      this.#compiled = await compile(program)
      if (this.#ending) this.#removeCompiled()
      else for (const rank of this.#alive) this.post(rank, { type: 'program', url: this.#compiled.url, path: program })
    } catch (error) {
      this.fail({
        kind: 'program',
        status: 1,
        text: error instanceof CompileError ? error.message : String((error as Error)?.stack ?? error)
      })
    }
  }

  #onMessage(rank: number, message: FromRank | null): void {
    // The program may use the port, too.
    switch (message?.type) {
      case 'output':
        this.#outlets[message.fd].write(rank, message.chunk, () => {
          Atomics.sub(this.#unwritten, rank, message.bytes)
          Atomics.notify(this.#unwritten, rank)
        })
        break
      case 'result':
        this.#results[rank] = message.value
        break
      case 'failed': {
        const error = translateRecord(message.error, (text) => this.#compiled?.translate(text) ?? text)
        this.fail({ kind: 'error', status: 1, rank, text: error.text, error })
        break
      }
      case 'abort':
        this.fail({ kind: 'abort', status: message.code, rank, text: `abort: ${message.reason ?? `status ${message.code}`}` })
        break
      case 'line':
        this.post(message.to, { type: 'line', from: rank, port: message.port }, [message.port as never])
        break
      case 'idle':
        void this.#deadlock.check()
        break
      case 'waits':
        this.#report?.answer(rank, message.lines)
        break
    }
  }

  /** An error that the rank could not tell about itself: its heap is full, or it could not be started. */
  #describe(error: unknown): string {
    return (error as NodeJS.ErrnoException)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? 'out of memory: the JavaScript heap of this rank is full (NODE_OPTIONS=--max-old-space-size=MEGABYTES gives every rank a larger one)'
      : String((error as Error)?.stack ?? error)
  }

  #onExit(rank: number, status: number): void {
    this.#alive.delete(rank)
    markGone(this.#memory, rank, status === 0 ? ENDED : FAILED)
    this.#outlets[1].finish(rank)
    this.#outlets[2].finish(rank)
    this.#report?.ended(rank)
    void this.#deadlock.check()
    if (status !== 0 && !this.#ending) {
      if (status !== UNSETTLED) this.fail({ kind: 'exit', status, rank, text: `ended with status ${status}` })
      else this.fail({ kind: 'error', status, rank, text: 'ended while its top-level await was still waiting (status 13)' })
    }
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
    this.#input?.close()
    this.#removeCompiled()
    const { stdout, stderr } = this.#options
    const reportFollows = this.#failure !== undefined
    void Promise.all([this.#outlets[1].drained({ reportFollows }), this.#outlets[2].drained({ reportFollows })]).then(() => {
      stdout.off('error', this.#onBroken)
      stderr.off('error', this.#onBroken)
      this.#settle({ results: this.#results, failure: this.#failure, stuck: [...this.#alive] })
    })
  }

  #removeCompiled(): void {
    this.#compiled?.remove()
    this.#compiled = undefined
  }
}

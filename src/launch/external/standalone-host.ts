/** The worker beside a program that plain node runs: the links to the other processes, and for rank 0, or a world of one, the job. */
import { createWriteStream, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { isatty, WriteStream } from 'node:tty'
import { type MessagePort, workerData } from 'node:worker_threads'
import { type Log, readLog } from '../../diagnostics/flight-recorder.js'
import { RxmpiError } from '../../errors.js'
import { startedBy } from '../../runtime/launch-env.js'
import type { FromRank, StandaloneData, ToRank } from '../../runtime/rank-protocol.js'
import { OVER_WORD, SEATED_WORD, STATUS_WORD, standaloneMemory } from '../../runtime/standalone-rank.js'
import { ENDED, FAILED, type HostMemory, markGone, restOf, type Shares, trafficOf } from '../../transport/shared/host-memory.js'
import type { MemoryRef } from '../../transport/shared/mapped-memory.js'
import { failureText } from '../job/failure-text.js'
import type { Job } from '../job/job.js'
import { type JobRequest, startJob } from '../job/start-job.js'
import { isSet } from '../options/environment.js'
import type { Host, HostListener, Rest } from '../protocol/host.js'
import { type DetectedLauncher, detectLauncher } from './detect-launcher.js'
import { ExternalRank } from './external-rank.js'

const { rank, size, memory: given, words, port, isAlone, leftovers } = workerData as StandaloneData
let memory = given!
const env = process.env
/** How long a program that is to end may take to listen; one that computes does not. */
const LISTEN_MS = 500
/** And how long the others may take to say why, before this process takes them down with it. */
const LAST_MS = 1000
const KILLED = 137

/** The rank on the main thread, as its host sees it. */
class MainThread implements Host {
  readonly name = undefined
  readonly ranks = [rank]
  readonly #listener: Pick<HostListener, 'message' | 'ended'> & Partial<Pick<HostListener, 'signalled'>>
  #ended = false
  /** It has aborted the job, and waits to be ended. */
  #halted = false

  constructor(main: MessagePort, listener: Pick<HostListener, 'message' | 'ended'> & Partial<Pick<HostListener, 'signalled'>>) {
    this.#listener = listener
    main.on('message', (message: FromRank) => {
      if (message.type === 'ended') return this.#end(message.status)
      if (message.type === 'signalled') return listener.signalled?.(message.signal)
      if (message.type === 'abort') this.#halted = true
      listener.message(rank, message)
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  get halted(): boolean {
    return this.#halted
  }

  /** Its program runs already. */
  load(): void {}
  written(): void {}
  input(): void {}
  gone(): void {}

  bell(): MemoryRef {
    return memory.inboxes[rank]!
  }

  post(_: number, message: ToRank, transfer: readonly MessagePort[] = []): void {
    port.postMessage(message, transfer)
  }

  rest(): Rest | undefined {
    const states = restOf(memory)
    return states && { states, sent: 0, received: 0 }
  }

  traffic(): number {
    return trafficOf(memory)
  }

  /** It is no thread that could be stopped from here. */
  async stackOf(): Promise<undefined> {}

  log(rank: number, last: number): Log {
    return readLog(memory.logs[rank]!, last)
  }

  terminate(): void {
    if (this.#halted) return this.#end(KILLED)
    port.postMessage({ type: 'end' } satisfies ToRank)
    setTimeout(() => this.#end(KILLED), LISTEN_MS)
  }

  async close(): Promise<undefined> {}

  #end(status: number): void {
    if (this.#ended) return
    this.#ended = status !== KILLED
    markGone(memory, rank, status === 0 ? ENDED : FAILED)
    this.#listener.ended(rank, status, undefined)
  }
}

let main: MainThread | undefined
/** Standard error of a worker goes by way of the main thread, which may be blocked for ever. */
const say = (text: string): void => {
  if (text !== '') writeSync(2, text)
}

/** Nothing of the job is left: lets the process end, or ends it. */
function over(status: number, abort: () => void = () => undefined): void {
  Atomics.store(words, STATUS_WORD, status)
  for (const word of [OVER_WORD, SEATED_WORD]) {
    Atomics.store(words, word, 1)
    Atomics.notify(words, word)
  }
  port.postMessage({ type: 'end' } satisfies ToRank)
  if (main?.ended || main?.halted) return
  setTimeout(() => {
    abort()
    process.kill(process.pid, 'SIGKILL')
  }, LAST_MS)
}

/** Whether the program does not come to its end. */
const isLost = (): boolean => main !== undefined && !main.ended && !main.halted

function options(): { tls: boolean; insecure: boolean; startupTimeout: number | undefined } {
  const { RXMPI_STARTUP_TIMEOUT: seconds } = env
  const startupTimeout = seconds === undefined ? undefined : Number(seconds)
  if (startupTimeout !== undefined && !(startupTimeout > 0))
    throw new RxmpiError(`RXMPI_STARTUP_TIMEOUT was '${seconds}': expected seconds`)
  return { tls: isSet(env, 'RXMPI_TLS'), insecure: isSet(env, 'RXMPI_INSECURE'), startupTimeout }
}

const HELP = 'set RXMPI_RANK, RXMPI_SIZE, RXMPI_ADDRESS and RXMPI_TOKEN, or take those variables away'

function place(): DetectedLauncher {
  const seen = detectLauncher(env)
  if (seen !== undefined) return seen
  const { name, size, why } = startedBy(env)!
  throw new RxmpiError(`${name} has started ${size} processes (${why}), and gives them no way to find each other: ${HELP}`)
}

/** Where ranks write that are started beside this one, which writes by itself. */
function output(fd: 1 | 2): Writable {
  const { getColorDepth } = WriteStream.prototype
  return Object.assign(createWriteStream('', { fd, autoClose: false }), isatty(fd) ? { isTTY: true, getColorDepth } : {})
}

function startJobHere(ranks: number, place: JobRequest['place']): Job {
  return startJob({
    ranks,
    // It runs already.
    program: undefined,
    prefix: true,
    leftovers,
    stdout: output(1),
    stderr: output(2),
    tell: say,
    where: options(),
    place
  })
}

/** The job of a world of one. */
async function runAlone(): Promise<void> {
  const job = startJobHere(1, (_, listener) => {
    main = new MainThread(port, listener)
    return [main]
  })
  const { failure } = await job.outcome
  if (failure !== undefined) say(failureText(failure, 1))
  over(failure?.status ?? 0)
}

async function run(): Promise<void> {
  const seen = place()
  const seated = {
    mayShare: given === undefined,
    seat(shares: Shares | undefined): HostMemory {
      if (given !== undefined) return given
      memory = standaloneMemory(rank, size, shares)
      return memory
    },
    begin(): void {
      if (given !== undefined) return
      port.postMessage({ type: 'seat', memory } satisfies ToRank)
      Atomics.store(words, SEATED_WORD, 1)
      Atomics.notify(words, SEATED_WORD)
    },
    host: (listener: Pick<HostListener, 'message' | 'ended'>): Host => {
      main = new MainThread(port, listener)
      return main
    }
  }
  const external = new ExternalRank(seen, options(), env, { say, seated })
  const abort = (status: number) => () => external.abort(status)
  if (!external.leads) {
    await external.join().catch(async (error: Error) => {
      await external.finish()
      throw error
    })
    const status = await external.over
    // Without a word of farewell it would have died, for a launcher that counts.
    if (!isLost()) await external.finish()
    return over(status, abort(status))
  }
  const job = startJobHere(seen.size, external.place)
  const { failure } = await job.outcome
  if (failure !== undefined) say(failureText(failure, seen.size))
  if (!isLost()) await external.finish()
  over(failure?.status ?? 0, abort(failure?.status ?? 0))
}

function fail(error: unknown): void {
  say(`rxmpi: ${error instanceof RxmpiError ? `${error.name}: ${error.message}` : (error as Error)?.stack}\n`)
  over(1)
}

process.on('uncaughtException', fail)
const running = isAlone ? runAlone() : run()
running.catch(fail)

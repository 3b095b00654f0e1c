import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { type Log, readLog } from '../../diagnostics/flight-recorder.js'
import { removeQuietly } from '../../file/node-file-system.js'
import { rankModule } from '../../runtime/package.js'
import {
  type FromInput,
  type FromRank,
  type RankData,
  type Setting,
  type ToInput,
  type ToRank,
  titleOf,
  type WorldNumber
} from '../../runtime/rank-protocol.js'
import { giveBack } from '../../trace/row-memory.js'
import { wake } from '../../transport/shared/bell.js'
import {
  ENDED,
  FAILED,
  type HostMemory,
  markGone,
  OUT_OF_MEMORY,
  ranksHere,
  restOf,
  trafficOf,
  UNCAUGHT,
  WITH_STATUS
} from '../../transport/shared/host-memory.js'
import { type MemoryRef, open } from '../../transport/shared/mapped-memory.js'
import type { Gone, Host, HostListener, Rest } from '../protocol/host.js'
import { expectShortLives } from './v8-flags.js'

export interface ThreadHostOptions {
  memory: HostMemory
  crowded: boolean
  /** Default all of this host. */
  ranks?: readonly number[]
  args: readonly string[]
  env: NodeJS.ProcessEnv
  setting: Pick<
    Setting,
    | 'wantsResult'
    | 'leftovers'
    | 'check'
    | 'trace'
    | 'callProfile'
    | 'profiles'
    | 'inspection'
    | 'colors'
    | 'terminals'
    | 'inputIsTerminal'
    | 'link'
  >
  /** Of ranks that were not there from the start; none of them reads the job's input. */
  world?: WorldNumber
}

/** Ranks as threads of this process. */
export class ThreadHost implements Host {
  readonly name = undefined
  readonly ranks: readonly number[]
  readonly #options: ThreadHostOptions
  readonly #memory: HostMemory
  readonly #listener: HostListener
  readonly #workers = new Map<number, Worker>()
  readonly #unwritten: Int32Array
  /** Files that go with their rank. */
  readonly #temporary = new Map<number, Set<string>>()
  #input: MessagePort | undefined
  #needed = true

  constructor(options: ThreadHostOptions, listener: HostListener) {
    this.#options = options
    this.#memory = options.memory
    this.#listener = listener
    this.ranks = options.ranks ?? ranksHere(options.memory)
    this.#unwritten = new Int32Array(new SharedArrayBuffer(4 * options.memory.inboxes.length))
    expectShortLives()
    for (const rank of this.ranks) this.#workers.set(rank, this.#start(rank, options))
  }

  load({ url, path }: { url: string | undefined; path: string }): void {
    for (const rank of this.#workers.keys()) this.post(rank, { type: 'program', url: url!, path })
  }

  /** Starts a rank that `memory` has a place for and `ranks` does not name. */
  add(rank: number, program: { url: string; path: string }): void {
    const worker = this.#start(rank, this.#options)
    this.#workers.set(rank, worker)
    if (!this.#needed) worker.unref()
    this.post(rank, { type: 'program', ...program })
  }

  /** Where a rank sleeps. */
  bell(rank: number): MemoryRef {
    return this.#memory.inboxes[rank]!
  }

  post(rank: number, message: ToRank, transfer: readonly MessagePort[] = []): void {
    this.#workers.get(rank)?.postMessage(message, transfer)
    // What a rank hears comes by its event loop, and it may have blocked its thread for a moment, for a segment.
    if (NEWS.has(message.type)) wake(new Int32Array(open(this.#memory.inboxes[rank]!)))
  }

  written(rank: number, bytes: number): void {
    Atomics.sub(this.#unwritten, rank, bytes)
    Atomics.notify(this.#unwritten, rank)
  }

  input(message: FromInput): void {
    this.#input?.postMessage(message)
  }

  /** Its ranks share no memory with those of other hosts; who joins them tells them. */
  gone(): void {}

  rest(): Rest | undefined {
    const states = restOf(this.#memory)
    return states && { states, sent: 0, received: 0 }
  }

  traffic(): number {
    return trafficOf(this.#memory)
  }

  async stackOf(rank: number): Promise<string[] | undefined> {
    const worker = this.#workers.get(rank)
    if (worker === undefined) return undefined
    const { stackOf } = await import('./stack-of.js')
    return stackOf(worker.threadId)
  }

  log(rank: number, last: number): Log {
    return readLog(this.#memory.logs[rank]!, last)
  }

  terminate(): void {
    for (const worker of this.#workers.values()) void worker.terminate()
  }

  /** Whether its threads keep this process alive. */
  keepAlive(needed: boolean): void {
    this.#needed = needed
    for (const worker of this.#workers.values()) {
      if (needed) worker.ref()
      else worker.unref()
    }
  }

  async close(): Promise<undefined> {
    this.#input?.close()
  }

  #start(rank: number, { memory, crowded, args, env, setting, world }: ThreadHostOptions): Worker {
    const launch: Setting = { ...setting, unwritten: this.#unwritten.buffer as SharedArrayBuffer }
    if (rank === 0 && world === undefined) {
      const { port1, port2 } = new MessageChannel()
      port1.on('message', (message: ToInput) => this.#listener.asked(message))
      port1.unref()
      this.#input = port1
      launch.input = port2
    }
    const workerData: RankData = { rxmpi: { rank, size: memory.inboxes.length, crowded, world, ...memory }, launch }
    const worker = new Worker(rankModule, {
      workerData,
      transferList: launch.input === undefined ? [] : [launch.input],
      argv: [...args],
      ...(process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {}),
      env,
      name: `rank ${titleOf(rank, world)}`,
      stdout: true,
      stderr: true
    })
    worker.on('message', (message: FromRank | null) => this.#onMessage(rank, message))
    // It may overtake what the rank itself tells, `exit` does not.
    let fatal: { error: unknown } | undefined
    worker.on('error', (error) => {
      fatal = { error }
    })
    worker.on('exit', (status) => {
      this.#workers.delete(rank)
      for (const path of this.#temporary.get(rank) ?? []) removeQuietly(path)
      const text = fatal && describe(fatal.error)
      const how = goneBy(status, text)
      markGone(memory, rank, how === 'ended' ? ENDED : FAILED, how === 'ended' ? 0 : how)
      this.#listener.ended(rank, status, text)
    })
    return worker
  }

  #setTemporary(rank: number, path: string, isTemporary: boolean): void {
    const paths = this.#temporary.get(rank) ?? new Set()
    this.#temporary.set(rank, paths)
    if (isTemporary) paths.add(path)
    else paths.delete(path)
  }

  #onMessage(rank: number, message: FromRank | null): void {
    // The program may use the port, too.
    if (message === null || typeof message !== 'object') return
    if (message.type === 'line' && message.fabric === undefined && this.#workers.has(message.to))
      this.post(message.to, { type: 'line', from: rank, port: message.port }, [message.port as MessagePort])
    else if (message.type === 'temporary') this.#setTemporary(rank, message.path, message.isTemporary)
    else this.#listener.message(rank, message)
    // By now they are in a file, or on their way to one.
    if (message.type === 'trace') giveBack(message.chunk.rows)
  }
}

/** What a rank may wait for, beside segments. */
const NEWS: ReadonlySet<ToRank['type']> = new Set<ToRank['type']>(['joined', 'answered', 'unlistened', 'ticket'])

/** How a rank has gone, of which this is known. */
export function goneBy(status: number, fatal: string | undefined): Gone {
  if (fatal !== undefined) return fatal.startsWith(FULL) ? OUT_OF_MEMORY : UNCAUGHT
  return status === 0 ? 'ended' : WITH_STATUS + (status & 0xff)
}

const FULL = 'out of memory'

/** An error that the rank could not tell about itself: its heap is full, or it could not be started. */
function describe(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `${FULL}: the JavaScript heap of this rank is full (NODE_OPTIONS=--max-old-space-size=MEGABYTES gives every rank a larger one)`
    : String((error as Error)?.stack ?? error)
}

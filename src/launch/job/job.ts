import { availableParallelism } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { debug } from '../../diagnostics/debug.js'
import type { Log } from '../../diagnostics/flight-recorder.js'
import { Ports } from '../../job/ports.js'
import { Starting } from '../../job/starting.js'
import { type ConnectOrder, isTicket, type Order, type Refusal, type SpawnOrder, withdrawnBy } from '../../progress/job-services.js'
import type { Check } from '../../runtime/check-policy.js'
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
  type ToRank,
  type WorldNumber
} from '../../runtime/rank-protocol.js'
import type { CallProfile } from '../../trace/call-profile.js'
import { FAILED, reasonGone } from '../../transport/shared/host-memory.js'
import { OutputMux } from '../host/output-mux.js'
import { goneBy } from '../host/thread-host.js'
import type { Gone, Host, HostListener } from '../protocol/host.js'
import type { JobObserver, ObservedJob } from '../protocol/job-observer.js'
import type { FromSite } from '../protocol/site-protocol.js'
import { DeadlockWatch } from './deadlock.js'
import { Input } from './input.js'
import { Joins, type LinkSetting } from './joins.js'
import { logLines } from './log-lines.js'
import type { NetworkPorts } from './network-ports.js'
import type { Placement } from './placement.js'
import { Programs } from './programs.js'
import { type JobRanks, type Picture, Report } from './report.js'
import { certificateOf, linksOf, placeSpawn, programsOf, ranksOf, secure } from './spawning.js'
import { StallWatch } from './stall-watch.js'
import { readTicket } from './ticket.js'
import type { TraceFile } from './trace-file.js'
import { World, type WorldListener, type WorldOptions } from './world.js'

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
  /** What ranks check; by default what their environment says. */
  check?: Check | undefined
  /** Where what the ranks do is written. */
  trace?: TraceFile | undefined
  /** What collects where the time of the ranks goes. */
  profile?: CallProfile | undefined
  /** Who looks on. */
  observer?: JobObserver | undefined
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
  /** Hears which files a program consists of. */
  onProgram?: ConstructorParameters<typeof Programs>[0]
  /** Hears of each rank that fails while the others go on. */
  onRankFailure?: ((failure: Failure) => void) | undefined
  stdout: Writable
  stderr: Writable
  stdin: () => Readable
  inputIsTerminal: boolean
  /** How it was said where ranks are to run, for those that they spawn. */
  where?: Placement | undefined
  /** Of a world that was not there from the start. */
  world?: WorldNumber | undefined
  /** What a rank is given, where that is not the same for all. */
  partOf?: ((rank: number) => Pick<JobOptions, 'args' | 'env' | 'envChanges'>) | undefined
  /** Starts the hosts of the ranks. */
  place: (options: JobOptions, listener: HostListener) => readonly Host[]
}

/** What the failure of a rank does to the others: 'end' ends them, 'continue' lets them go on. */
export type OnFailure = 'end' | 'continue'

export interface Failure {
  /** `exit`: a status other than 0; `broken`: nobody reads the output any more. */
  kind: 'program' | 'error' | 'exit' | 'abort' | 'timeout' | 'broken' | 'signal'
  status: number
  /** Which of the job's processes. */
  rank?: number | undefined
  /** What that is called, in a world that was not there from the start. */
  title?: string | undefined
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
 * N ranks of one program, and those that they spawn, wherever they run, from their start to the end of the last. The first failure ends
 * them all, unless the others are to go on, or have nothing to do with whoever has failed.
 */
export class Job implements WorldListener, JobRanks, ObservedJob {
  readonly outcome: Promise<Outcome>
  readonly joins: Joins
  readonly #links: LinkSetting
  /** What links between processes of several worlds are encrypted by is there. */
  readonly #secured: Promise<void> | undefined
  readonly #ports = new Ports({
    now: () => performance.now(),
    after: (ms, action) => {
      const timer = setTimeout(action, Math.ceil(ms)).unref()
      return () => clearTimeout(timer)
    },
    tell: (process, message) => this.joins.tell(process, message),
    join: (first, second) => this.joins.make(first, second),
    seat: (fabric, processes, port) => {
      for (const process of processes) this.joins.seat(fabric, process, { crowded: false, isParent: false, port })
    },
    drop: (fabric) => this.joins.drop(fabric),
    open: (port, processes) => void this.#open(port, processes),
    shut: (port) => this.#network?.shut(port)
  })
  /** Loaded with the first port that other jobs may connect to, or ticket of one. */
  #network: NetworkPorts | undefined
  /** Calls that connect to a port of another job, and how to give each up. */
  readonly #dialled = new Map<string, (refusal?: Refusal) => void>()
  /** Spawns that have been asked for and not begun, and by whom they have been taken back. */
  readonly #prepared = new Map<string, number | undefined>()
  readonly #options: JobOptions
  readonly #programs: Programs
  readonly #first: World
  /** Those that are not over; the first one in any case. */
  readonly #worlds = new Set<World>()
  readonly #starting = new Map<World, Starting>()
  /** Worlds there have been, and processes. */
  #count = 0
  #processes = 0
  readonly #alive = new Set<number>()
  readonly #outlets: { 1: OutputMux; 2: OutputMux }
  readonly #results: unknown[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #deadlock: DeadlockWatch
  readonly #reports = new Map<ReportReason, Report>()
  readonly #stall: StallWatch | undefined
  readonly #input: Input
  #failure: Failure | undefined
  /** The first of a rank that did not end the job. */
  #early: Failure | undefined
  readonly #failed = new Set<number>()
  #ending = false
  #finished = false
  #settle!: (outcome: Outcome) => void

  constructor(options: JobOptions) {
    const { ranks, program, prefix, stdout, stderr, timeout } = options
    const links = linksOf(options)
    this.#links = links
    this.joins = new Joins((process) => this.#worldOf(process), links)
    if (options.where?.tls) this.#secured = secure(links)
    this.#options = options
    this.#programs = new Programs(options.onProgram)
    this.#results = new Array(ranks).fill(undefined)
    this.#input = new Input(options.stdin, (message) => this.#first.hosts[0]!.input(message))
    const style = { prefix, raw: ranks === 1, titleOf: (process: number) => (process > 0 || ranks > 1 ? this.titleOf(process) : undefined) }
    this.#outlets = { 1: new OutputMux(stdout, style), 2: new OutputMux(stderr, style) }
    stdout.on('error', this.#onBroken)
    stderr.on('error', this.#onBroken)
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#first = this.#world({
      parts: [{ program, ranks }],
      place: (listener) => options.place(options, listener).map((host) => ({ host, part: 0 }))
    })
    this.#deadlock = new DeadlockWatch(this)
    if (timeout !== undefined) this.#after(timeout * 1000, () => this.#timeOut(timeout))
    if (options.stallNotice > 0) {
      const { tell = (text) => stderr.write(text) } = options
      this.#stall = new StallWatch(this, options.stallNotice, (text) => tell(`rxmpi: ${text}\n`))
    }
    void this.#first.load(this.#programs)
  }

  /** Ranks that there were from the start. */
  get size(): number {
    return this.#first.size
  }

  get hosts(): readonly Host[] {
    return [...this.#worlds].flatMap(({ hosts }) => hosts)
  }

  get processes(): readonly number[] {
    return [...this.#worlds].flatMap(({ processes }) => processes)
  }

  /** The ranks that have not ended. */
  get alive(): ReadonlySet<number> {
    return this.#alive
  }

  titleOf(process: number): string {
    return this.#worldOf(process)?.titleOf(process) ?? `${process}`
  }

  post(process: number, message: ToRank): void {
    this.#worldOf(process)?.post(process, message)
  }

  #worldOf(process: number): World | undefined {
    for (const world of this.#worlds) if (process >= world.base && process < world.base + world.size) return world
    return undefined
  }

  #world(options: Pick<WorldOptions, 'parts' | 'place'>): World {
    const world = new World({ ...options, number: this.#count++, base: this.#processes }, this)
    this.#processes += world.size
    this.#worlds.add(world)
    for (const process of world.alive) this.#alive.add(process)
    return world
  }

  /** Asks the ranks to finish; those that have not within the grace are ended. */
  drain(signal: DrainSignal): void {
    if (this.#failure !== undefined) {
      this.end()
      return
    }
    this.#failure = { kind: 'signal', status: 128 + DRAIN_SIGNALS[signal], text: `ended by ${signal}` }
    this.#options.observer?.ending()
    for (const rank of this.#alive) this.post(rank, { type: 'signal', signal })
    this.#after(DRAIN_MS, () => this.end())
  }

  /** The job has failed: what matters is the first failure, the others follow from it. */
  fail(failure: Failure): void {
    const { kind, rank, status } = failure
    debug('failure: %s of rank %s, status %d', kind, rank, status)
    if (this.#failure !== undefined || this.#finished) return
    const ofRank = failure.kind === 'error' || failure.kind === 'exit'
    const world = rank === undefined ? undefined : this.#worldOf(rank)
    const starting = world && this.#starting.get(world)
    if (ofRank && starting?.concerns(rank)) return starting.fail(failure)
    // The others of its world are ended anyway.
    if (ofRank && world?.ending) return
    if (world !== undefined && world !== this.#first) failure.title = world.titleOf(rank!)
    if (ofRank && this.#options.onFailure === 'continue') return this.#lose(failure)
    if (ofRank && world !== undefined && this.#endsWorlds(failure, this.joins.joinedWith(world))) return
    this.#failure = failure
    this.#options.observer?.failed(failure)
    this.#options.observer?.ending()
    if (ofRank) this.#after(SETTLE_MS, () => this.end())
    else this.end()
  }

  /** A rank has failed, and the others go on. What it is told of more than once it says once. */
  #lose(failure: Failure): void {
    const { rank } = failure
    if (rank === undefined || this.#failed.has(rank)) return
    this.#failed.add(rank)
    this.#early ??= failure
    this.#options.observer?.failed(failure)
    this.#options.onRankFailure?.(failure)
  }

  /** Ends the worlds that a failure concerns, if there are others, which go on. */
  #endsWorlds(failure: Failure, concerned: ReadonlySet<World>): boolean {
    if ([...this.#worlds].every((world) => concerned.has(world) || world.alive.size === 0)) return false
    this.#lose(failure)
    const worlds = [...concerned].filter(({ ending }) => !ending)
    for (const world of worlds) world.ending = true
    this.#after(SETTLE_MS, () => {
      for (const world of worlds) world.terminate()
    })
    return true
  }

  /** Ends every rank at once. */
  end(): void {
    if (this.#ending || this.#finished) return
    this.#ending = true
    this.#options.observer?.ending()
    for (const world of this.#worlds) world.terminate()
    this.#after(END_MS, () => this.#finish())
  }

  /** What every rank has done last, some lines for each. */
  async log(last: number): Promise<string[]> {
    const worlds = [...this.#worlds]
    const logs = await Promise.all(
      worlds.flatMap((world) => world.processes.map(async (process) => logLines(this.titleOf(process), await this.logOf(process, last))))
    )
    return logs.flat()
  }

  async logOf(process: number, last: number): Promise<Log | undefined> {
    const world = this.#worldOf(process)
    return world?.hostOf(process).log(process - world.base, last)
  }

  placeOf(process: number): { base: number; host: string | undefined } {
    const world = this.#worldOf(process)
    return { base: world?.base ?? 0, host: world?.hostOf(process).name }
  }

  stackOf(rank: number): Promise<readonly string[] | undefined> {
    const world = this.#worldOf(rank)
    return Promise.resolve(world?.hostOf(rank).stackOf(rank - world.base))
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

  message(rank: number, message: FromRank): void {
    const world = this.#worldOf(rank)
    if (world === undefined) return
    switch (message.type) {
      case 'output':
        this.#starting.get(world)?.output(rank, message.chunk)
        this.#stall?.progress()
        this.#outlets[message.fd].write(rank, message.chunk, () => world.written(rank, message.bytes))
        break
      case 'trace':
        this.#options.trace?.add(rank, world.titleOf(rank), message.chunk)
        break
      case 'profile':
        this.#options.profile?.add(rank, world.titleOf(rank), message.profile)
        break
      case 'result':
        if (world === this.#first) this.#results[rank] = message.value
        break
      case 'started':
        if (this.#starting.get(world)?.started(rank)) this.#starting.delete(world)
        break
      case 'asked':
        void this.#asked(rank, message.id, message.order)
        break
      case 'withdrawn':
        this.#ports.withdrawn(rank, message.id)
        this.#dialled.get(`${rank} ${message.id}`)?.()
        for (const starting of this.#starting.values()) starting.withdrawn(rank, message.id)
        break
      case 'withdraw':
        this.#withdraw(message.key, rank)
        break
      case 'taken':
        this.#ports.taken(message.port)
        break
      case 'unlisten':
        this.#ports.unlisten(message.port)
        break
      case 'heard':
        this.joins.heard(rank, message.messages)
        break
      case 'closed':
        this.joins.closed(rank, message.fabric, message.hasLeft)
        break
      case 'line':
        if (message.fabric !== undefined) this.joins.line(rank, message)
        else
          world.post(message.to + world.base, { type: 'line', from: rank - world.base, port: message.port }, [message.port as MessagePort])
        break
      case 'failed': {
        const error = translateRecord(message.error, (text) => this.#programs.translate(text))
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
        if (message.reason === 'deadlock') this.#options.observer?.stuck(rank, message.calls)
        this.#reports.get(message.reason)?.answer(rank, message)
        break
      case 'observed':
        this.#options.observer?.observed(rank, message.observation)
        break
    }
  }

  asked(message: ToInput): void {
    this.#input.asked(message)
  }

  ended(rank: number, status: number, fatal: string | undefined): void {
    if (fatal !== undefined) this.fail({ kind: 'error', status: 1, rank, text: fatal })
    if (status !== 0 && !this.#ending && this.#worldOf(rank)?.ending === false) {
      if (status !== UNSETTLED) this.fail({ kind: 'exit', status, rank, text: `ended with status ${status}` })
      else this.#stalls(rank, [])
    }
    this.#leave(rank, goneBy(status, fatal))
  }

  site(news: FromSite): void {
    this.joins.news(news)
    if (news.type === 'drained') for (const world of this.#worlds) this.#forget(world)
  }

  signalled(signal: DrainSignal): void {
    if (this.#failure === undefined) this.drain(signal)
  }

  broken(world: World, text: string, error?: ErrorRecord): void {
    const failure: Failure = { kind: 'program', status: 1, text, error }
    const starting = this.#starting.get(world)
    if (starting === undefined) this.fail(failure)
    else starting.fail(failure)
  }

  lost(processes: readonly number[], { status, text, how }: { status: number; text: string; how: Gone }): void {
    const [first] = processes
    if (!this.#ending && first !== undefined && this.#worldOf(first)?.ending === false)
      this.fail({ kind: 'exit', status, rank: first, text })
    for (const rank of processes) {
      if (this.#options.onFailure === 'continue') this.#failed.add(rank)
      this.#leave(rank, how, true)
    }
  }

  async #asked(root: number, id: number, order: Order): Promise<void> {
    await this.#secured
    if (this.#ending || this.#finished) return
    if (order.type === 'spawn') await this.#spawn(root, id, order)
    else if (order.type === 'listen') this.#ports.listen(root, id, order)
    else if (isTicket(order.name)) await this.#connectByTicket(root, id, order)
    else this.#ports.connect(root, id, order)
  }

  #withdraw(key: string, process: number): void {
    if (this.#prepared.has(key)) this.#prepared.set(key, process)
    this.#ports.withdraw(key, process)
    this.#dialled.get(key)?.(withdrawnBy(process))
    for (const starting of this.#starting.values()) starting.withdraw(key, process)
  }

  async #loadNetwork(): Promise<NetworkPorts> {
    // While it is loaded, too, somebody may be heard of.
    if (this.#network === undefined) this.joins.isOpen = () => true
    const { NetworkPorts } = await import('./network-ports.js')
    this.#network ??= new NetworkPorts(this.#links, this.joins, this.#ports, this.#options.where?.insecure === true)
    return this.#network
  }

  async #open(port: number, processes: readonly number[]): Promise<void> {
    const network = await this.#loadNetwork()
    const ticket = await network.open(port)
    for (const process of processes) this.joins.tell(process, { type: 'ticket', port, ticket })
  }

  async #connectByTicket(root: number, id: number, { key, name, processes, timeout }: ConnectOrder): Promise<void> {
    const calls = [`${root} ${id}`, key]
    const set = (giveUp: (refusal?: Refusal) => void): void => {
      for (const call of calls) this.#dialled.set(call, giveUp)
    }
    let isOver = false
    const end = (): void => {
      isOver = true
      for (const call of calls) this.#dialled.delete(call)
    }
    const answer = (value: number | undefined, refusal?: Refusal): void => {
      end()
      this.joins.tell(root, { type: 'answered', id, value, refusal })
    }
    set((refusal) => (refusal === undefined ? end() : answer(undefined, refusal)))
    const network = await this.#loadNetwork()
    if (isOver) return
    try {
      const withdraw = await network.connect(readTicket(name), processes as number[], timeout, () => certificateOf(this.#links), answer)
      if (isOver) withdraw()
      else set(withdraw)
    } catch (error) {
      answer(undefined, { name: 'PortError', message: (error as Error).message })
    }
  }

  async #spawn(root: number, id: number, order: SpawnOrder): Promise<void> {
    const answer = (value: number | undefined, refusal?: Refusal): void => this.joins.tell(root, { type: 'answered', id, value, refusal })
    const refusal = programsOf(order)
    if (refusal !== undefined) return answer(undefined, refusal)
    const { parts } = order
    const { key } = order
    const threads = this.#alive.size + ranksOf(order)
    const host = this.#worldOf(root)?.hostOf(root)
    if (host === undefined) return
    this.#prepared.set(key, undefined)
    let place: (where: WorldNumber) => WorldOptions['place']
    try {
      place = await placeSpawn(this.#options, order, host, threads)
    } catch (error) {
      this.#prepared.delete(key)
      return answer(undefined, { name: 'SpawnError', message: (error as Error).message, context: { program: parts[0]!.program } })
    }
    const withdrawn = this.#prepared.get(key)
    this.#prepared.delete(key)
    if (withdrawn !== undefined) return answer(undefined, withdrawnBy(withdrawn))
    if (this.#ending || this.#finished) return
    for (const outlet of Object.values(this.#outlets)) outlet.several()
    const world = this.#world({ parts, place: place({ number: this.#count, base: this.#processes }) })
    const parents = order.processes as number[]
    const fabric = this.joins.make(parents, world.processes)
    const crowded = threads > availableParallelism()
    this.#starting.set(
      world,
      new Starting(world, { root, id, key: order.key }, (refused) => {
        if (refused === undefined) for (const process of parents) this.joins.seat(fabric, process, { crowded, isParent: false })
        else this.joins.drop(fabric)
        answer(fabric, refused)
      })
    )
    for (const process of world.processes) this.joins.seat(fabric, process, { crowded, isParent: true })
    void world.load(this.#programs)
  }

  /** A rank has ended at a top-level await. Often several do at the same time, each at its own. */
  #stalls(rank: number, at: readonly string[]): void {
    const where = at.length === 0 ? '' : ` at ${at.join(' and ')}`
    const first = this.#failure
    if (first?.status === UNSETTLED && first.rank !== rank && where !== '') first.text += `\nso has rank ${rank},${where}`
    else
      this.fail({ kind: 'error', status: UNSETTLED, rank, text: `ended while its top-level await${where} was still waiting (status 13)` })
  }

  #leave(rank: number, how: Gone, lost = false): void {
    if (!this.#alive.delete(rank)) return
    const world = this.#worldOf(rank)!
    world.alive.delete(rank)
    debug('rank %s has ended', world.titleOf(rank))
    this.#tellEnd(rank, how)
    this.#outlets[1].finish(rank)
    this.#outlets[2].finish(rank)
    for (const report of this.#reports.values()) report.ended(rank)
    this.joins.ended(rank, how, lost)
    this.#ports.ended(rank)
    if (this.#starting.get(world)?.ended(rank)) this.#starting.delete(world)
    void this.#deadlock.check()
    if (this.#alive.size === 0) this.#finish()
    else this.#forget(world)
  }

  #tellEnd(rank: number, how: Gone): void {
    const world = this.#worldOf(rank)!
    const cut = how !== 'ended' && (this.#ending || world.ending)
    const what = how === 'ended' ? 'end' : cut ? 'cut' : 'failure'
    const reason = what === 'failure' ? reasonGone(FAILED | ((how as number) << 2)) : undefined
    this.#options.trace?.ended(rank, world.titleOf(rank), what, reason)
    // Who is asked to finish does so with the signal's status, as a rule.
    const isAsked = how !== 'ended' && this.#failure?.kind === 'signal'
    this.#options.observer?.ended(rank, isAsked ? 'cut' : what, isAsked ? undefined : reason)
  }

  /** Lets go of a world that is over, while the job is not. */
  #forget(world: World): void {
    if (world.alive.size > 0 || world === this.#first || this.joins.needs(world)) return
    this.#worlds.delete(world)
    void world.close(0)
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
    if (this.#network === undefined) this.#close()
    else void this.#network.finish().then(() => this.#close())
  }

  #close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#stall?.stop()
    this.#input.close()
    void this.joins.close()
    this.#network?.close()
    this.#programs.remove()
    const { stdout, stderr } = this.#options
    const failure = this.#failure ?? this.#early
    const reportFollows = this.#failure !== undefined
    void this.#finalLog(failure).then(async (log) => {
      const closing = [...this.#worlds].map((world) => world.close(failure?.status ?? 0))
      const drained = [this.#outlets[1].drained({ reportFollows }), this.#outlets[2].drained({ reportFollows })]
      const [statuses] = await Promise.all([Promise.all(closing), ...drained])
      this.#options.trace?.close()
      const killed = statuses.flat().find((status) => status !== undefined)
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
    return [...this.#alive].filter((process) => this.#worldOf(process)!.hostOf(process).name === undefined)
  }
}

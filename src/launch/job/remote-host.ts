import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Log } from '../../diagnostics/flight-recorder.js'
import { StartupTimeoutError } from '../../errors.js'
import type { FromInput, ToRank } from '../../runtime/rank-protocol.js'
import { KILLED as BY_KILL, UNREACHABLE } from '../../transport/shared/host-memory.js'
import { GONE } from '../../transport/websocket/failure-detector.js'
import type { HostLink } from '../../transport/websocket/host-link.js'
import type { Gone, Host, HostListener, Rest } from '../protocol/host.js'
import { type Answers, Control, type FromHost, type HostAddress, type Question, type ToHost } from '../protocol/host-protocol.js'
import type { ToSite } from '../protocol/site-protocol.js'

/** How long the process of a host may take to end when it is told to. */
const END_MS = 1000
/** The status of a process that was killed, where nobody has seen how it ended. */
const KILLED = 128 + constants.signals.SIGKILL

const ABOUT_RANKS: ReadonlySet<ToHost['type']> = new Set<ToHost['type']>([
  'load',
  'rank',
  'written',
  'input',
  'gone',
  'site',
  'ask',
  'terminate'
])

export interface RemoteHostOptions {
  number: number
  name: string
  ranks: readonly number[]
  /** The machine that it is on, where it was started from here. */
  machine?: string | undefined
  /** Whether it sees the launcher's files, so that a program is compiled once for all. */
  sharesFiles: boolean
  /** Resolves when what has started its process has ended as well, to the status of a process that was killed, where it knows that. */
  end?: (() => Promise<number | undefined>) | undefined
}

export interface ProcessManagerListener extends HostListener {
  listening(host: RemoteHost, address: HostAddress): void
  /** It has tried to map memory that processes of its machine are to share. */
  reached(host: RemoteHost, isThere: boolean): void
  /** A host has something for another, which must dial it. */
  wanted(host: RemoteHost, other: number): void
  /** Its process has ended, as it was told. */
  closed(host: RemoteHost): void
}

/** The ranks of another process, as the launcher sees them. */
export class RemoteHost implements Host {
  readonly name: string
  readonly number: number
  readonly ranks: readonly number[]
  readonly machine: string | undefined
  readonly #sharesFiles: boolean
  readonly #end: (() => Promise<number | undefined>) | undefined
  readonly #peer: HostLink
  readonly #control: Control<ToHost, FromHost>
  readonly #listener: ProcessManagerListener
  readonly #questions = new Map<number, (answer: unknown) => void>()
  #nextQuestion = 0
  #process: ChildProcess | undefined
  /** Which process it is, once it has said so. */
  #where: string | undefined
  #over = false
  #neverCame = false
  /** What was said before the setup, for the ranks that it makes. */
  #early: ToHost[] | undefined = []

  constructor({ number, name, machine, ranks, sharesFiles, end }: RemoteHostOptions, peer: HostLink, listener: ProcessManagerListener) {
    this.number = number
    this.name = name
    this.machine = machine
    this.ranks = ranks
    this.#sharesFiles = sharesFiles
    this.#end = end
    this.#peer = peer
    this.#listener = listener
    this.#control = new Control(
      peer,
      (message) => this.#onMessage(message),
      (reason, error) => {
        const [status, how] = reason === GONE ? [KILLED, BY_KILL] : [1, UNREACHABLE]
        this.#neverCame = error instanceof StartupTimeoutError
        this.#lose({ status, text: `${this.#called} ${reason}`, how })
      }
    )
  }

  get #called(): string {
    return this.#where === undefined ? this.name : `${this.name} (${this.#where})`
  }

  /** Whether there was no connection with it in the time for that. */
  get neverCame(): boolean {
    return this.#neverCame
  }

  /** Watches over its process. */
  set process(child: ChildProcess) {
    this.#process = child
    child.on('error', (error) => this.#lose({ status: 1, text: `${this.name} could not be started: ${error.message}`, how: BY_KILL }))
    child.on('exit', (code, signal) => {
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      const how = signal === null ? `has ended with status ${code}` : `was killed by ${signal}`
      this.#lose({ status: status === 0 ? 1 : status, text: `its process ${how}`, how: BY_KILL })
    })
  }

  tell(message: ToHost): void {
    if (this.#over) return
    // Its ranks are there from the setup on.
    if (this.#early !== undefined && ABOUT_RANKS.has(message.type)) {
      this.#early.push(message)
      return
    }
    this.#control.send(message)
    if (message.type !== 'setup') return
    const early = this.#early ?? []
    this.#early = undefined
    for (const each of early) this.#control.send(each)
  }

  load({ url, path }: { url: string | undefined; path: string }): void {
    this.tell({ type: 'load', url: this.#sharesFiles ? url : undefined, path })
  }

  post(rank: number, message: ToRank): void {
    this.tell({ type: 'rank', rank, message })
  }

  written(rank: number, bytes: number): void {
    this.tell({ type: 'written', rank, bytes })
  }

  input(message: FromInput): void {
    this.tell({ type: 'input', message })
  }

  gone(rank: number, how: Gone): void {
    this.tell({ type: 'gone', rank, how })
  }

  site(message: ToSite): void {
    this.tell({ type: 'site', message })
  }

  get isFar(): boolean {
    return !this.#sharesFiles
  }

  /** A host that is no more has no ranks that could go on. */
  rest(): Promise<Rest | undefined> | Rest | undefined {
    return this.#ask({ what: 'rest' }, { states: [], sent: 0, received: 0 })
  }

  traffic(): Promise<number> | number {
    return this.#ask({ what: 'traffic' }, 0)
  }

  async stackOf(rank: number): Promise<readonly string[] | undefined> {
    return this.#ask({ what: 'stack', rank }, undefined)
  }

  log(rank: number, last: number): Log | undefined | Promise<Log | undefined> {
    return this.#ask({ what: 'log', rank, last }, undefined)
  }

  /** `gone`: the answer of a host that is no more. */
  #ask<Q extends Question>(question: Q, gone: Answers[Q['what']]): Promise<Answers[Q['what']]> | Answers[Q['what']] {
    if (this.#over) return gone
    const id = this.#nextQuestion++
    return new Promise((resolve) => {
      this.#questions.set(id, resolve as (answer: unknown) => void)
      this.tell({ type: 'ask', id, question })
    })
  }

  terminate(): void {
    this.tell({ type: 'terminate' })
  }

  async close(status: number): Promise<number | undefined> {
    if (!this.#over) {
      this.tell({ type: 'close', status })
      this.#over = true
      this.#forgetQuestions()
    }
    await this.#processEnded()
    const killed = await this.#end?.()
    this.#peer.close()
    this.#listener.closed(this)
    return killed
  }

  async #processEnded(): Promise<void> {
    const child = this.#process
    if (child === undefined) return this.#told()
    if (child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Waits until it must have heard that the job is over. */
  async #told(): Promise<void> {
    const start = performance.now()
    while (!this.#peer.settled && performance.now() - start < END_MS) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Nobody answers any more. */
  #forgetQuestions(): void {
    for (const answer of this.#questions.values()) answer(undefined)
    this.#questions.clear()
  }

  #lose(failure: { status: number; text: string; how: Gone }): void {
    if (this.#over) return
    this.#over = true
    this.#peer.close()
    this.#forgetQuestions()
    this.#process?.kill('SIGKILL')
    this.#listener.lost(this, failure)
  }

  #onMessage(message: FromHost): void {
    const listener = this.#listener
    switch (message.type) {
      case 'listening':
        this.#where = message.process
        // Whoever has started a process knows better how it ends.
        if (this.#process === undefined) this.#peer.listensAt = message.address
        return listener.listening(this, message.address)
      case 'reached':
        return listener.reached(this, message.isThere)
      case 'wanted':
        return listener.wanted(this, message.host)
      case 'rank':
        return listener.message(message.rank, message.message)
      case 'asked':
        return listener.asked(message.message)
      case 'ended':
        return listener.ended(message.rank, message.status, message.fatal)
      case 'drained':
        return listener.drained(message.rank, message.how)
      case 'site':
        return listener.site?.(message.news)
      case 'answer':
        this.#questions.get(message.id)?.(message.answer)
        this.#questions.delete(message.id)
        return
      case 'signalled':
        return listener.signalled(message.signal)
      case 'broken':
        return listener.broken(message.text, message.error)
    }
  }
}

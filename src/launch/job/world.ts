import type { MessagePort } from 'node:worker_threads'
import { debug } from '../../diagnostics/debug.js'
import type { ErrorRecord } from '../../runtime/error-record.js'
import { type DrainSignal, type FromRank, type ToInput, type ToRank, titleOf, type WorldNumber } from '../../runtime/rank-protocol.js'
import { CompileError } from '../compile/compile.js'
import type { Gone, Host, HostListener } from '../protocol/host.js'
import type { FromSite } from '../protocol/site-protocol.js'
import type { Programs } from './programs.js'

/** Ranks of one program, one behind the other. */
export interface WorldPart {
  /** An absolute path; undefined where the ranks run theirs already. */
  program: string | undefined
  ranks: number
}

/** A host, and which of the programs its ranks run. */
export interface Placed {
  host: Host
  part: number
}

export interface WorldOptions extends WorldNumber {
  parts: readonly WorldPart[]
  place: (listener: HostListener) => readonly Placed[]
}

/** What a job hears of its worlds, whose ranks it knows by one numbering: a process is a rank of some world. */
export interface WorldListener {
  message(process: number, message: FromRank): void
  asked(message: ToInput): void
  ended(process: number, status: number, fatal: string | undefined): void
  site(news: FromSite): void
  signalled(signal: DrainSignal): void
  broken(world: World, text: string, error?: ErrorRecord): void
  lost(processes: readonly number[], failure: { status: number; text: string; how: Gone }): void
}

/** Ranks that are each other's COMM_WORLD, wherever they run. */
export class World implements HostListener {
  readonly number: number
  /** Which process its rank 0 is. */
  readonly base: number
  readonly size: number
  readonly hosts: readonly Host[]
  /** Its processes that have not ended. */
  readonly alive: Set<number>
  /** It is being ended. */
  ending = false
  readonly #placed: readonly Placed[]
  readonly #hostOf: readonly Host[]
  readonly #parts: readonly WorldPart[]
  readonly #listener: WorldListener

  constructor({ number, base, parts, place }: WorldOptions, listener: WorldListener) {
    this.number = number
    this.base = base
    this.#parts = parts
    this.size = parts.reduce((sum, { ranks }) => sum + ranks, 0)
    this.#listener = listener
    this.alive = new Set(this.processes)
    this.#placed = place(this)
    this.hosts = this.#placed.map(({ host }) => host)
    for (const { name, ranks } of this.hosts) debug('world %d, %s: ranks %s', number, name ?? 'threads of this process', ranks.join())
    this.#hostOf = Array.from({ length: this.size }, (_, rank) => this.hosts.find((host) => host.ranks.includes(rank))!)
  }

  get processes(): number[] {
    return Array.from({ length: this.size }, (_, rank) => this.base + rank)
  }

  /** What a process is called; '1.0' in a world that was not there from the start. */
  titleOf(process: number): string {
    return titleOf(process - this.base, this.number === 0 ? undefined : this)
  }

  /** The program of a process. */
  programOf(process: number): string {
    let rank = process - this.base
    return this.#parts.find(({ ranks }) => {
      rank -= ranks
      return rank < 0
    })!.program!
  }

  hostOf(process: number): Host {
    return this.#hostOf[process - this.base]!
  }

  post(process: number, message: ToRank, transfer?: readonly MessagePort[]): void {
    this.hostOf(process).post(process - this.base, message, transfer)
  }

  written(process: number, bytes: number): void {
    this.hostOf(process).written(process - this.base, bytes)
  }

  /** Compiles what its ranks run, and has them run it. */
  async load(programs: Programs): Promise<void> {
    try {
      for (const [part, { program }] of this.#parts.entries()) {
        if (program === undefined) continue
        const { url } = await programs.compile(program)
        if (this.ending) return
        for (const placed of this.#placed) if (placed.part === part) placed.host.load({ url, path: program })
      }
    } catch (error) {
      this.broken(error instanceof CompileError ? error.message : String((error as Error)?.stack ?? error))
    }
  }

  terminate(): void {
    this.ending = true
    for (const host of this.hosts) host.terminate()
  }

  /** Resolves once nothing of it is left, to the statuses of processes that were killed. */
  close(status: number): Promise<(number | undefined)[]> {
    return Promise.all(this.hosts.map((host) => host.close(status)))
  }

  message(rank: number, message: FromRank): void {
    this.#listener.message(this.base + rank, message)
  }

  asked(message: ToInput): void {
    this.#listener.asked(message)
  }

  ended(rank: number, status: number, fatal: string | undefined): void {
    this.#listener.ended(this.base + rank, status, fatal)
  }

  drained(rank: number, how: Gone): void {
    for (const host of this.hosts) if (host !== this.#hostOf[rank]) host.gone(rank, how)
  }

  site(news: FromSite): void {
    this.#listener.site(news)
  }

  signalled(signal: DrainSignal): void {
    this.#listener.signalled(signal)
  }

  broken(text: string, error?: ErrorRecord): void {
    this.#listener.broken(this, text, error)
  }

  lost(host: Host, failure: { status: number; text: string; how: Gone }): void {
    const ranks = host.ranks.filter((rank) => this.alive.has(this.base + rank))
    for (const rank of ranks) this.drained(rank, failure.how)
    this.#listener.lost(
      ranks.map((rank) => this.base + rank),
      failure
    )
  }
}

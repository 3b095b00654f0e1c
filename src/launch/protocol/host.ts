import type { MessagePort } from 'node:worker_threads'
import type { Log } from '../../diagnostics/flight-recorder.js'
import type { ErrorRecord } from '../../runtime/error-record.js'
import type { DrainSignal, FromInput, FromRank, ToInput, ToRank } from '../../runtime/rank-protocol.js'
import type { MemoryRef } from '../../transport/shared/mapped-memory.js'
import type { FromSite, ToSite } from './site-protocol.js'

/** Where some of a job's ranks run, as the job sees it: threads of this process, or another process. */
export interface Host {
  /** What it is called in reports; undefined when the ranks are threads of the launcher. */
  readonly name: string | undefined
  readonly ranks: readonly number[]
  /** Loads the program: `url` is its compiled form, where the host sees the launcher's files. */
  load(program: { url: string | undefined; path: string }): void
  post(rank: number, message: ToRank, transfer?: readonly MessagePort[]): void
  /** Where a rank sleeps, if that is memory of this process. */
  bell?(rank: number): MemoryRef
  /** Where that is another process: what it is told of fabrics that ranks of it are in. */
  site?(message: ToSite): void
  /** The machine that it is on, where a job could start more there. */
  readonly machine?: string | undefined
  /** It is another machine. */
  readonly isFar?: boolean
  /** Output of a rank that needs no memory any more. */
  written(rank: number, bytes: number): void
  /** What rank 0 has asked for. */
  input(message: FromInput): void
  /** A rank of another host has gone, and all that it had sent has come. */
  gone(rank: number, how: Gone): void
  /** Its state, when nothing can go on by itself there. */
  rest(): Rest | undefined | Promise<Rest | undefined>
  /** A number that has changed when something has gone from one rank to another there. */
  traffic(): number | Promise<number>
  /** Where a rank of it is that does not answer, a line for each call; undefined where that cannot be seen. */
  stackOf(rank: number): Promise<readonly string[] | undefined>
  /** What a rank of it has done last, whatever it does now; undefined where nobody knows any more. */
  log(rank: number, last: number): Log | undefined | Promise<Log | undefined>
  /** Ends its ranks at once. */
  terminate(): void
  /**
   * The job is over. Resolves once nothing of it is left, to the status of a process that was killed, where whoever started it knows
   * that.
   */
  close(status: number): Promise<number | undefined>
}

export interface HostListener {
  message(rank: number, message: FromRank): void
  /** Rank 0 asks for standard input. */
  asked(message: ToInput): void
  /** A rank has ended. `fatal`: an error that it could not tell about itself. */
  ended(rank: number, status: number, fatal: string | undefined): void
  /** All that a rank had sent to other hosts before it ended has come. */
  drained(rank: number, how: Gone): void
  /** A process of the job was told to end. */
  signalled(signal: DrainSignal): void
  /** The program cannot be loaded there, or the job cannot start. */
  broken(text: string, error?: ErrorRecord): void
  /** What a process says of fabrics that ranks of it are in. */
  site?(news: FromSite): void
  /** The host itself is no more: its process has ended, or it is out of reach. */
  lost(host: Host, failure: { status: number; text: string; how: Gone }): void
}

/** How a rank has gone: well, or for one of the reasons that `host-memory.ts` knows. */
export type Gone = 'ended' | number

/**
 * The states of a host's ranks, and what has crossed between hosts: two that are equal, with nothing between, prove that nothing can
 * happen.
 */
export interface Rest {
  states: readonly number[]
  sent: number
  received: number
}

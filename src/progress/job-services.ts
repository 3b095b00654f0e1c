import type { Observable } from 'rxjs'
import { PortError, RankError, SpawnError } from '../errors.js'
import type { Endpoint } from './endpoint.js'

/**
 * A process that is a rank of some world, known by the same word wherever it is met: of this job its number among all that there have been,
 * of another a name.
 */
export type Process = number | string

/** So many ranks of one program. */
export interface Part {
  /** An absolute path. */
  readonly program: string
  readonly ranks: number
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where ranks run that are spawned; threads of the root's host where nothing is said. */
export interface Where {
  readonly hosts?: string | undefined
  readonly placement?: 'thread' | 'process' | undefined
}

/** What any rank of those who want it can take back by a word that all of them know. */
interface Keyed {
  readonly key: string
}

/** What the root of a spawn asks its job for. */
export interface SpawnOrder extends Keyed {
  readonly type: 'spawn'
  readonly parts: readonly Part[]
  readonly where: Where
  /** Those who spawn, in the order of their ranks. */
  readonly processes: readonly Process[]
}

/** What the root of those who listen asks for. */
export interface ListenOrder extends Keyed {
  readonly type: 'listen'
  readonly name: string
  /** How many may wait while another is let in. */
  readonly queue: number
  /** Who may connect: ranks of this job, or of others as well, by a ticket. */
  readonly scope: 'job' | 'network'
  readonly processes: readonly Process[]
}

/** What the root of those who connect asks for. */
export interface ConnectOrder extends Keyed {
  readonly type: 'connect'
  readonly name: string
  /** How long nobody may listen, in milliseconds. */
  readonly timeout: number
  readonly processes: readonly Process[]
}

/** What the ticket of a port begins with, where else its name stands. */
export const TICKET_PREFIX = 'rxmpi-port:'

export const isTicket = (port: string): boolean => port.startsWith(TICKET_PREFIX)

export type Order = SpawnOrder | ListenOrder | ConnectOrder

/** Why the job did not do what it was asked for: an error's class, by name, and what it says. */
export interface Refusal {
  readonly name: 'SpawnError' | 'PortError' | 'RankError' | 'Withdrawn'
  readonly message: string
  readonly context?: object | undefined
}

/** It was taken back, by this process. */
export const withdrawnBy = (process: Process): Refusal => ({ name: 'Withdrawn', message: '', context: { process } })

/** It was taken back before it was done. */
export class Withdrawn extends Error {
  readonly process: Process

  constructor(process: Process) {
    super('it is not wanted any more')
    this.process = process
  }
}

export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof SpawnError || error instanceof PortError || error instanceof RankError)) return undefined
  return { name: error.name as Refusal['name'], message: error.message, context: { ...error } }
}

export function refused({ name, message, context }: Refusal): Error {
  if (name === 'Withdrawn') return new Withdrawn((context as { process: Process }).process)
  if (name === 'SpawnError') return new SpawnError(message, context as { program: string })
  return new (name === 'PortError' ? PortError : RankError)(message, context)
}

/** This rank's end of what joins the ranks of two communicators: a fabric. */
export interface Joined {
  readonly endpoint: Endpoint
  /** The endpoint's ranks of both groups. */
  readonly local: readonly number[]
  readonly remote: readonly number[]
  /** This rank is of the group that has spawned, or accepted. */
  readonly isFirst: boolean
}

/** What a rank may ask of its job beyond the world that it has from the start. */
export interface JobServices {
  /** This rank. */
  readonly process: Process
  /**
   * Has the job do what is wanted, and emits the number of what has come of it: a fabric, or a port. Called at the root. Unsubscribing
   * takes it back.
   */
  ask(order: Order): Observable<number>
  /** Called by any rank of those who want it: it is not wanted any more. Whether that comes in time its answer tells. */
  withdraw(key: string): void
  /** Emits this rank's end of a fabric, as soon as there is one. */
  join(fabric: number): Observable<Joined>
  /** Emits this rank's ends of all that comes of a port; completes when that is closed. At the root unsubscribing closes it. */
  accept(port: number, isRoot: boolean): Observable<Joined>
  /** Emits the ticket of a port that others may connect to. */
  ticket(port: number): Observable<string>
}

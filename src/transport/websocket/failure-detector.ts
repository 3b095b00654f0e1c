import { DuplicateRankError, type RxmpiError, StartupTimeoutError } from '../../errors.js'
import { Refusal } from './dial.js'

/** How often a link looks after its other end. */
export const HEARTBEAT_MS = 250
/** Who is silent for as long is taken to be out of reach. */
const SUSPECT_MS = 2000
export const GONE = 'has ended: nobody listens at its port any more'

export interface FailureDetectorOptions {
  /** How long there may be no connection. */
  reconnectMs: number
  /** How long there may be none at first. */
  startMs: number
  /**
   * Somebody else tells when the other end has failed, for its thread may be busy for long and say nothing: silence means nothing
   * here, and a machine that answers is alive.
   */
  watched: boolean
  /** Milliseconds of a clock that never goes back. */
  now: () => number
}

/** Why a link cannot go on; `error` where there is a name for it. */
export interface Failure {
  reason: string
  error?: RxmpiError | undefined
}

/**
 * Tells from what is heard, and for how long nothing is, whether the other end of a link lives: any byte is a sign of life, silence makes
 * it suspect, and who stays out of reach has failed. Pure: it knows the clock that it is given, and acts on nothing.
 */
export class FailureDetector {
  #heard = 0
  #spoke = 0
  #up = false
  #downSince: number | undefined
  /** There has been a connection. */
  #made = false
  /** What has come in the way of a connection last. */
  #obstacle = 'was never connected'
  readonly #options: FailureDetectorOptions

  constructor(options: FailureDetectorOptions) {
    this.#options = options
  }

  /** Something has come. */
  heard(): void {
    this.#heard = this.#options.now()
  }

  /** Something was sent. */
  spoke(): void {
    this.#spoke = this.#options.now()
  }

  /** There is a connection. */
  up(): void {
    this.#up = true
    this.#made = true
    this.#downSince = undefined
    this.heard()
  }

  /** A connection is wanted. */
  wanted(): void {
    if (!this.#up) this.#downSince ??= this.#options.now()
  }

  /** There is no connection any more. */
  down(obstacle: string): void {
    this.#up = false
    this.#obstacle = obstacle
    this.wanted()
  }

  /** There has been a connection, in another thread. */
  resume(): void {
    this.#made = true
  }

  /** This process itself was not running: what it has not heard meanwhile says nothing. */
  excuse(): void {
    this.heard()
    this.#waitAnew()
  }

  /** Whether it is time to show that this end lives. */
  get heartbeatDue(): boolean {
    return this.#options.now() - this.#spoke >= HEARTBEAT_MS / 2
  }

  /** Why the connection is taken to be broken, if it is. */
  get suspicion(): string | undefined {
    return this.#options.now() - this.#heard >= SUSPECT_MS ? `nothing was heard for ${SUSPECT_MS / 1000} s` : undefined
  }

  /** Why the other end is given up, if it is: it was out of reach for too long. `where` it was looked for. */
  overdue(where: string): Failure | undefined {
    if (this.#downSince === undefined || this.#options.now() - this.#downSince < this.#patienceMs) return undefined
    const reason = `could not be reached for ${this.#patienceMs / 1000} s: ${this.#obstacle}`
    return { reason, error: this.#made ? undefined : new StartupTimeoutError(`${where} ${reason}`) }
  }

  /** An attempt to connect has come to nothing; the failure when there is no use in another one. */
  unconnected(error: Error): Failure | undefined {
    this.#obstacle = error.message
    if (error instanceof Refusal || error instanceof DuplicateRankError) return { reason: error.message, error }
    const { code } = error as NodeJS.ErrnoException
    if (!this.#options.watched) return this.#made && code === 'ECONNREFUSED' ? { reason: GONE } : undefined
    if (code !== undefined) {
      const failure = this.overdue('')
      return failure && { reason: failure.reason }
    }
    // It is there, if busy: the system has said nothing against it.
    this.#waitAnew()
    return undefined
  }

  get #patienceMs(): number {
    return this.#made ? this.#options.reconnectMs : this.#options.startMs
  }

  #waitAnew(): void {
    if (this.#downSince !== undefined) this.#downSince = this.#options.now()
  }
}

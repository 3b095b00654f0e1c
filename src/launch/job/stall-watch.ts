import type { Host } from '../protocol/host.js'
import type { JobRanks, Picture } from './report.js'

interface Looking extends JobRanks {
  /** Has every rank say what it waits for, and go on. */
  look(): Promise<Picture>
  readonly hosts: readonly Host[]
  readonly joins: { readonly traffic: number }
}

/** How often it looks in the time that must pass without progress. */
const LOOKS = 4

/**
 * Tells once of a job in which nothing has happened for a while and somebody waits. Where a timer, a socket or a file keeps a rank alive
 * nobody can prove that it waits in vain, so the job goes on.
 */
export class StallWatch {
  readonly #job: Looking
  readonly #seconds: number
  readonly #tell: (text: string) => void
  readonly #timer: NodeJS.Timeout
  #traffic = ''
  #since = performance.now()
  #looking = false

  constructor(job: Looking, seconds: number, tell: (text: string) => void) {
    this.#job = job
    this.#seconds = seconds
    this.#tell = tell
    this.#timer = setInterval(() => void this.#check(), (seconds * 1000) / LOOKS)
  }

  /** Something has happened. */
  progress(): void {
    this.#since = performance.now()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const traffic = [...(await Promise.all(this.#job.hosts.map((host) => host.traffic()))), this.#job.joins.traffic].join()
    if (traffic !== this.#traffic) this.progress()
    this.#traffic = traffic
    if (performance.now() - this.#since >= this.#seconds * 1000) await this.#report()
    this.#looking = false
  }

  async #report(): Promise<void> {
    const since = this.#since
    const { waiting, computing, lines } = await this.#job.look()
    if (this.#since !== since) return
    this.progress()
    if (waiting === 0 || this.#job.alive.size === 0) return
    this.stop()
    const why = computing === 0 ? 'this may be a deadlock' : 'this may be a deadlock, or a long computation'
    this.#tell([`nothing was sent or received for ${this.#seconds} s; ${why}, and the job goes on:`, ...lines].join('\n'))
  }
}

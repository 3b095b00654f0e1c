import { type HostMemory, isStuck } from '../transport/shared/host-memory.js'
import type { Job } from './job.js'

/** Proves a deadlock when the last rank that could go on has come to rest, and lets every rank's pending calls fail with the whole picture. */
export class DeadlockWatch {
  readonly #job: Job
  readonly #memory: HostMemory
  #asking = false

  constructor(job: Job, memory: HostMemory) {
    this.#job = job
    this.#memory = memory
  }

  /** A rank has come to rest or ended. */
  async check(): Promise<void> {
    if (this.#asking || !isStuck(this.#memory)) return
    this.#asking = true
    const text = (await this.#job.ask('deadlock')).join('\n')
    for (const rank of this.#job.alive) this.#job.post(rank, { type: 'reported', reason: 'deadlock', text })
    this.#asking = false
  }
}

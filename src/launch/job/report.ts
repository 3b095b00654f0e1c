import type { ToRank } from '../../runtime/rank-protocol.js'

/** The ranks of a job, in all its worlds, and how to say something to one. */
export interface JobRanks {
  /** Those of all its worlds, as it numbers them. */
  readonly processes: readonly number[]
  /** What one is called. */
  titleOf(process: number): string
  /** Those that have not ended. */
  readonly alive: ReadonlySet<number>
  post(rank: number, message: ToRank): void
}

/**
 * A rank that has not answered by then is in the middle of a computation; at a deadlock nobody is, though many requests take their time.
 */
const ANSWER_MS = { timeout: 1000, deadlock: 60_000 }

/** What every rank waits for, as they say themselves. */
export class Report {
  readonly lines: Promise<string[]>
  readonly #answers = new Map<number, string[]>()
  readonly #job: JobRanks
  #complete!: () => void

  constructor(job: JobRanks, reason: 'deadlock' | 'timeout') {
    this.#job = job
    this.lines = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS[reason])
      this.#complete = () => {
        clearTimeout(timer)
        resolve()
      }
    }).then(() => this.#text())
    for (const rank of job.alive) job.post(rank, { type: 'report', reason })
  }

  answer(rank: number, lines: string[]): void {
    this.#answers.set(rank, lines)
    this.#check()
  }

  ended(rank: number): void {
    if (!this.#answers.has(rank)) this.#answers.set(rank, [`rank ${this.#job.titleOf(rank)} has ended`])
    this.#check()
  }

  #check(): void {
    for (const rank of this.#job.alive) if (!this.#answers.has(rank)) return
    this.#complete()
  }

  #text(): string[] {
    return this.#job.processes.flatMap((process) => {
      const rank = `rank ${this.#job.titleOf(process)}`
      const lines = this.#answers.get(process) ?? [`${rank} ${this.#job.alive.has(process) ? 'is computing' : 'has ended'}`]
      return lines.length === 0 ? [`${rank} waits for no message`] : lines
    })
  }
}

import type { Job } from './job.js'

/** A rank that has not answered by then is in the middle of a computation; at a deadlock nobody is, though many requests take their time. */
const ANSWER_MS = { timeout: 500, deadlock: 60_000 }

/** What every rank waits for, as they say themselves. */
export class Report {
  readonly lines: Promise<string[]>
  readonly #answers = new Map<number, string[]>()
  readonly #job: Job
  #complete!: () => void

  constructor(job: Job, reason: 'deadlock' | 'timeout') {
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
    if (!this.#answers.has(rank)) this.#answers.set(rank, [`rank ${rank} has ended`])
    this.#check()
  }

  #check(): void {
    for (const rank of this.#job.alive) if (!this.#answers.has(rank)) return
    this.#complete()
  }

  #text(): string[] {
    return Array.from({ length: this.#job.size }, (_, rank) => {
      const lines = this.#answers.get(rank) ?? [`rank ${rank} ${this.#job.alive.has(rank) ? 'is computing' : 'has ended'}`]
      return lines.length === 0 ? [`rank ${rank} waits for no message`] : lines
    }).flat()
  }
}

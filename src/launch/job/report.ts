import type { FromRank, ReportReason, ToRank } from '../../runtime/rank-protocol.js'

/** The ranks of a job, in all its worlds, and how to say something to one. */
export interface JobRanks {
  /** Those of all its worlds, as it numbers them. */
  readonly processes: readonly number[]
  /** What one is called. */
  titleOf(process: number): string
  /** Those that have not ended. */
  readonly alive: ReadonlySet<number>
  post(rank: number, message: ToRank): void
  /** Where a rank is that does not answer: a line for each call; undefined where that cannot be seen. */
  stackOf(rank: number): Promise<readonly string[] | undefined>
}

/** What the ranks of a job do. */
export interface Picture {
  /** For each rank in order, some lines. */
  readonly lines: string[]
  /** Calls that wait, beside those that may wait for ever. */
  readonly waiting: number
  /** Ranks that have not answered. */
  readonly computing: number
}

type Answer = Extract<FromRank, { type: 'waits' }>

/**
 * A rank that has not answered by then is in the middle of a computation; at a deadlock nobody is, though many requests take their time.
 */
const ANSWER_MS: Record<ReportReason, number> = { timeout: 1000, look: 1000, deadlock: 60_000 }
/** Ranks whose stack is looked for. */
const STACKS = 16

/** What every rank waits for, as they say themselves. */
export class Report {
  readonly picture: Promise<Picture>
  readonly #answers = new Map<number, Pick<Answer, 'lines' | 'waiting'>>()
  readonly #job: JobRanks
  #complete!: () => void

  constructor(job: JobRanks, reason: ReportReason) {
    this.#job = job
    this.picture = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS[reason])
      this.#complete = () => {
        clearTimeout(timer)
        resolve()
      }
    }).then(() => this.#draw())
    for (const rank of job.alive) job.post(rank, { type: 'report', reason })
  }

  answer(rank: number, { lines, waiting }: Pick<Answer, 'lines' | 'waiting'>): void {
    this.#answers.set(rank, { lines, waiting })
    this.#check()
  }

  ended(rank: number): void {
    if (!this.#answers.has(rank)) this.#answers.set(rank, { lines: [`rank ${this.#job.titleOf(rank)} has ended`], waiting: 0 })
    this.#check()
  }

  #check(): void {
    for (const rank of this.#job.alive) if (!this.#answers.has(rank)) return
    this.#complete()
  }

  async #draw(): Promise<Picture> {
    const answers = new Map(this.#answers)
    const silent = [...this.#job.alive].filter((process) => !answers.has(process))
    const stacks = new Map(await Promise.all(silent.slice(0, STACKS).map(async (one) => [one, await this.#job.stackOf(one)] as const)))
    const lines = this.#job.processes.flatMap((process) => {
      const rank = `rank ${this.#job.titleOf(process)}`
      const answer = answers.get(process)?.lines
      if (answer !== undefined) return answer.length === 0 ? [`${rank} waits for no message`] : answer
      return silent.includes(process) ? busy(rank, stacks.get(process)) : [`${rank} has ended`]
    })
    const waiting = [...answers.values()].reduce((sum, answer) => sum + answer.waiting, 0)
    return { lines, waiting, computing: silent.length }
  }
}

function busy(rank: string, stack: readonly string[] | undefined): string[] {
  if (stack === undefined) return [`${rank} is computing`]
  const [here, ...callers] = stack
  return here === undefined ? [`${rank} is computing`] : [`${rank} is computing, ${here}`, ...callers.map((call) => `  called ${call}`)]
}

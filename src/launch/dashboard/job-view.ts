import type { Log } from '../../diagnostics/flight-recorder.js'
import type { Observation, ObservedCall } from '../../runtime/observation.js'
import type { JobObserver, ObservedFailure, ObservedJob } from '../protocol/job-observer.js'
import type { FailurePicture, PairPicture, Picture } from './model/picture.js'
import { RankView } from './rank-view.js'

/** What a rank is called, where it runs, and the first process of its world. */
export interface Place {
  title: string
  host: string | undefined
  base: number
}

/** How long an answer is waited for before a picture is drawn without it. */
const ANSWER_MS = 100
const LOG_MS = 1000
/** Entries of all logs in a picture, and of one. */
const ENTRIES = 1600
const FEWEST = 4
const MOST = 32
const MOST_PAIRS = 10_000
const MOST_FAILURES = 100

/**
 * A job as those see it who look on. Ranks are asked only while somebody does, and none before it has answered: what a busy one has not
 * read does not pile up.
 */
export class JobView implements JobObserver {
  readonly #facts: Pick<Picture, 'program' | 'args' | 'began'>
  readonly #ranks = new Map<number, RankView>()
  readonly #failures: FailurePicture[] = []
  #job: ObservedJob | undefined
  #deadlock = false
  #allAnswered: () => void = () => undefined
  /** What there was at the end, for the worlds are gone then. */
  #places: ReadonlyMap<number, Place> = new Map()

  constructor(facts: Pick<Picture, 'program' | 'args' | 'began'>) {
    this.#facts = facts
  }

  follow(job: ObservedJob): void {
    this.#job = job
  }

  /** Asks every rank and draws what they say. */
  async look(): Promise<Picture> {
    const job = this.#job
    if (job === undefined) return this.picture()
    const now = Date.now()
    const asked = [...job.alive].map((process) => this.#of(process)).filter(({ isAsked }) => !isAsked)
    for (const rank of asked) {
      rank.ask(now)
      job.post(rank.process, { type: 'observe' })
    }
    const answers = new Promise<void>((resolve) => {
      this.#allAnswered = resolve
    })
    this.#check()
    const last = entriesFor(job.processes.length)
    const logs = Promise.all(job.processes.map(async (process) => this.#of(process).saw(await job.logOf(process, last), Date.now())))
    await Promise.all([within(ANSWER_MS, answers), within(LOG_MS, logs)])
    return this.picture()
  }

  /** Nobody looks any more. */
  rest(): void {
    for (const rank of this.#ranks.values()) rank.rest()
  }

  picture(status?: number): Picture {
    const now = Date.now()
    const places = this.#found()
    const ranks = [...places].map(([process, place]) => this.#of(process).picture(place, now))
    const pairs = [...places.keys()].flatMap((process) => this.#pairsOf(process)).sort(([, , , one], [, , , other]) => other - one)
    return {
      ...this.#facts,
      time: now,
      ranks,
      pairs: pairs.slice(0, MOST_PAIRS),
      morePairs: Math.max(0, pairs.length - MOST_PAIRS),
      failures: this.#failures,
      deadlock: this.#deadlock,
      status
    }
  }

  observed(process: number, observation: Observation): void {
    this.#of(process).observed(observation, Date.now())
    this.#check()
  }

  stuck(process: number, calls: readonly ObservedCall[]): void {
    this.#deadlock = true
    this.#of(process).stuck(calls)
  }

  failed({ kind, rank, title, text }: ObservedFailure): void {
    if (rank !== undefined) this.#of(rank).fails()
    if (kind === 'broken' || this.#failures.length >= MOST_FAILURES) return
    this.#failures.push({ title: rank === undefined ? undefined : (title ?? this.#job?.titleOf(rank) ?? `${rank}`), text })
  }

  ending(): void {
    for (const rank of this.#ranks.values()) rank.ending(Date.now())
  }

  ended(process: number, how: 'end' | 'cut' | 'failure', reason: string | undefined): void {
    const rank = this.#of(process)
    rank.ended(how, reason)
    this.#check()
    // What it has done last is the most interesting of one that has failed.
    const log: Promise<Log | undefined> | undefined = how === 'failure' ? this.#job?.logOf(process, MOST) : undefined
    void log?.then((found) => rank.saw(found, Date.now()))
  }

  #of(process: number): RankView {
    let rank = this.#ranks.get(process)
    if (rank === undefined) {
      rank = new RankView(process, Date.now())
      this.#ranks.set(process, rank)
    }
    return rank
  }

  /** The ranks of the worlds that there are; those of a world that is over are forgotten with it. */
  #found(): ReadonlyMap<number, Place> {
    const job = this.#job
    if (job === undefined) return this.#places
    const processes = job.processes
    this.#places = new Map(processes.map((process) => [process, { title: job.titleOf(process), ...job.placeOf(process) }]))
    if (this.#ranks.size > processes.length)
      for (const process of this.#ranks.keys()) if (!this.#places.has(process)) this.#ranks.delete(process)
    return this.#places
  }

  #pairsOf(process: number): PairPicture[] {
    return this.#of(process).observation.paths.flatMap(({ to, messages, bytes }) =>
      typeof to === 'number' && messages > 0 ? [[process, to, messages, bytes] as const] : []
    )
  }

  #check(): void {
    for (const rank of this.#ranks.values()) if (rank.isAsked && !rank.hasEnded) return
    this.#allAnswered()
  }
}

/** Of few ranks many entries each. */
export const entriesFor = (ranks: number): number => Math.min(MOST, Math.max(FEWEST, Math.floor(ENTRIES / ranks)))

/** Until it is done, or time is up. */
function within(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    void work.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

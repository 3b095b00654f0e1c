/**
 * How the ranks of a collective find out, without a leader, how far all of them are: a dissemination over the ranks, so that after
 * ⌈log₂ p⌉ latencies every rank knows the same of every rank. Source: Hensgen, Finkel, Manber, IJPP 17(1), 1988.
 *
 * There is one after the other: a rank *enters* each with what it has to say; the others' messages may come before that.
 */

/** What a rank says of itself. */
export interface Entry {
  readonly kind: typeof GIVING | typeof ENDED
  /** Values that it has given. */
  readonly count: number
  /** Rounds that it has done. */
  readonly done: number
}

/** Its source goes on. */
export const GIVING = 0
/** Its source has ended. */
export const ENDED = 1

/** Entries of as many ranks, one after the other, who say the same. */
type Run = readonly [ranks: number, kind: Entry['kind'], count: number, done: number]

/**
 * What a rank tells another at a step of an exchange. The runs are those of the ranks up to itself. `shortest` is that of all streams that it has heard to have ended, for who waits for such
 * news to have a say may hear from ranks only that wait for it as well.
 */
export type Word = readonly [exchange: number, step: number, runs: readonly Run[], shortest: number]

export class Termination {
  readonly #rank: number
  readonly #size: number
  readonly #send: (to: number, word: Word) => void
  readonly #agreed: (entries: Runs) => void
  #exchange = 0
  #step = -1
  #runs: Run[] = []
  #shortest = Number.POSITIVE_INFINITY
  /** What came for later steps and exchanges. */
  #early: Word[] = []

  constructor(rank: number, size: number, send: (to: number, word: Word) => void, agreed: (entries: Runs) => void) {
    this.#rank = rank
    this.#size = size
    this.#send = send
    this.#agreed = agreed
  }

  /** Whether this rank has said what it has to say in the present exchange. */
  get entered(): boolean {
    return this.#step >= 0
  }

  /** The rank whose word it waits for. */
  get awaited(): number | undefined {
    return this.entered ? (this.#rank + this.#size - 2 ** this.#step) % this.#size : undefined
  }

  enter(entry: Entry): void {
    this.#runs = [[1, entry.kind, entry.count, entry.done]]
    this.#shortest = Math.min(this.shortest, entry.kind === ENDED ? entry.count : Number.POSITIVE_INFINITY)
    this.#begin(0)
  }

  /** What another rank has said, and whether that is of the present exchange. */
  hear(word: Word): void {
    this.#early.push(word)
    if (this.entered) this.#advance()
  }

  /** The shortest stream that this rank has heard to have ended, in the present exchange; `Infinity` when it has heard of none. */
  get shortest(): number {
    return Math.min(...this.#early.map(([exchange, , , shortest]) => (exchange === this.#exchange ? shortest : Number.POSITIVE_INFINITY)))
  }

  #begin(step: number): void {
    this.#step = step
    const distance = 2 ** step
    if (distance >= this.#size) return this.#finish()
    this.#send((this.#rank + distance) % this.#size, [this.#exchange, step, this.#runs, this.#shortest])
    this.#advance()
  }

  #advance(): void {
    const at = this.#early.findIndex(([exchange, step]) => exchange === this.#exchange && step === this.#step)
    if (at < 0) return
    const [[, step, runs, shortest]] = this.#early.splice(at, 1) as [Word]
    this.#shortest = Math.min(this.#shortest, shortest)
    this.#runs = joined(runs, this.#runs)
    this.#begin(step + 1)
  }

  #finish(): void {
    const entries = new Runs(this.#runs, this.#size, this.#rank)
    this.#exchange++
    this.#step = -1
    this.#runs = []
    this.#agreed(entries)
  }
}

function joined(before: readonly Run[], after: readonly Run[]): Run[] {
  const last = before.at(-1)!
  const first = after[0]!
  if (last[1] !== first[1] || last[2] !== first[2] || last[3] !== first[3]) return [...before, ...after]
  return [...before.slice(0, -1), [last[0] + first[0], first[1], first[2], first[3]], ...after.slice(1)]
}

/** What was agreed on: the entry of every rank. */
export class Runs {
  readonly #runs: readonly Run[]
  readonly #size: number
  readonly #last: number

  /** `last` is the rank of the last entry. */
  constructor(runs: readonly Run[], size: number, last = 0) {
    this.#runs = runs
    this.#size = size
    this.#last = last
  }

  get allEnded(): boolean {
    return this.#runs.every(([, kind]) => kind === ENDED)
  }

  /** The length of the shortest stream that has ended. */
  get shortest(): number {
    return Math.min(...this.#runs.map(([, kind, count]) => (kind === ENDED ? count : Number.POSITIVE_INFINITY)))
  }

  /** Rounds that all have done. */
  get done(): number {
    return Math.min(...this.#runs.map(([, , , done]) => done))
  }

  /** The longest stream so far. */
  get most(): number {
    return Math.max(...this.#runs.map(([, , count]) => count))
  }

  /** By rank. Those of the ranks that went round twice are the same both times. */
  list(): Entry[] {
    const entries: Entry[] = []
    let rank = this.#last
    for (const [ranks, kind, count, done] of [...this.#runs].reverse()) {
      for (let k = 0; k < ranks; k++) {
        entries[rank] = { kind, count, done }
        rank = (rank - 1 + this.#size) % this.#size
      }
    }
    return entries
  }
}

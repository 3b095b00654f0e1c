/**
 * How far a rank may be ahead of the others: at most `window` rounds. It goes round in barriers, one after each half of a window: a rank
 * enters the next when it has done so many rounds, and when the barrier is over all ranks have. Each is a dissemination, and who is through
 * it has said all that others need to get through.
 * Source: Hensgen, Finkel, Manber, IJPP 17(1), 1988.
 */
export class RoundWindow {
  readonly #rank: number
  readonly #size: number
  readonly #window: number
  readonly #half: number
  readonly #send: (to: number, word: number) => void
  /** The barrier that comes next, and its steps that are out. */
  #barrier = 0
  #step = 0
  #done = 0
  /** Words that have come for this barrier and for later ones. */
  readonly #early = new Set<number>()

  constructor(rank: number, size: number, window: number, send: (to: number, word: number) => void) {
    this.#rank = rank
    this.#size = size
    this.#window = window
    this.#half = window >> 1 || 1
    this.#send = send
  }

  /** Rounds that all ranks have done. */
  get common(): number {
    return this.#barrier * this.#half
  }

  /** Rounds that this rank may begin. */
  get limit(): number {
    return this.common + this.#window
  }

  /** The rank whose word it waits for. */
  get awaited(): number | undefined {
    return this.#step === 0 ? undefined : (this.#rank + this.#size - 2 ** (this.#step - 1)) % this.#size
  }

  /** This rank has done so many rounds. */
  done(rounds: number): void {
    this.#done = rounds
    this.#goOn()
  }

  hear(word: number): void {
    this.#early.add(word)
    this.#goOn()
  }

  #goOn(): void {
    while (this.#done >= (this.#barrier + 1) * this.#half) {
      // A step goes out when the one before has come in.
      if (this.#step > 0 && !this.#early.delete(wordOf(this.#barrier, this.#step - 1))) return
      if (2 ** this.#step >= this.#size) {
        this.#barrier++
        this.#step = 0
      } else {
        const step = this.#step++
        this.#send((this.#rank + 2 ** step) % this.#size, wordOf(this.#barrier, step))
      }
    }
  }
}

const STEPS = 32
const wordOf = (barrier: number, step: number): number => barrier * STEPS + step

/**
 * How far a rank may be ahead of those that it gives something to: at most `window` rounds. After each half of a window a rank tells those
 * that give it something how many rounds it has done. Nobody else is waited for.
 */
export class NeighborWindow {
  readonly #sources: readonly number[]
  readonly #window: number
  readonly #half: number
  readonly #send: (to: number, word: number) => void
  /** Rounds that each dest has done, as far as it has said. */
  readonly #heard: Map<number, number>
  #done = 0
  #told = 0

  constructor(
    { sources, dests }: { readonly sources: readonly number[]; readonly dests: readonly number[] },
    window: number,
    send: (to: number, word: number) => void
  ) {
    this.#sources = sources
    this.#heard = new Map(dests.map((dest) => [dest, 0]))
    this.#window = window
    this.#half = window >> 1 || 1
    this.#send = send
  }

  /** Rounds that all that it gives something to have done. */
  get common(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#heard.values())
  }

  /** Rounds that this rank may begin. */
  get limit(): number {
    return this.common + this.#window
  }

  /** The rank whose word it waits for. */
  get awaited(): number | undefined {
    if (this.#done < this.limit) return undefined
    for (const [rank, rounds] of this.#heard) if (rounds === this.common) return rank
    return undefined
  }

  /** This rank has done so many rounds. */
  done(rounds: number): void {
    this.#done = rounds
    const said = rounds - (rounds % this.#half)
    if (said === this.#told) return
    this.#told = said
    for (const source of this.#sources) this.#send(source, said)
  }

  hear(rounds: number, from: number): void {
    this.#heard.set(from, rounds)
  }
}

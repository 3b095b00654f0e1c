/** What all ranks do together, as one of them sees it. */
interface Meeting {
  /** It fails, and waits for nobody any more. */
  readonly fail: (error: Error) => void
}

/**
 * What all ranks of something made of a communicator do together, one after the other, and what becomes of it when a rank frees its part.
 * That rank says how many meetings it has ended: the others can still end these, for all that they need of it is under way. Later ones
 * never come about.
 */
export class Meetings {
  /** In the order in which they were begun, which is the same on all ranks. */
  readonly #pending = new Map<number, Meeting>()
  /** Streams that all take part in, by name: their order may differ. */
  readonly #streams = new Map<string, Meeting>()
  readonly #overStreams: string[] = []
  readonly #release: () => void
  #begun = 0
  #rift: Error | undefined

  /** `release`: nothing is done together any more. */
  constructor(release: () => void) {
    this.#release = release
  }

  /** Why its ranks can do nothing together any more. */
  get rift(): Error | undefined {
    return this.#rift
  }

  /** How many have ended on this rank, with all before them. */
  get ended(): number {
    for (const first of this.#pending.keys()) return first - 1
    return this.#begun
  }

  /** Streams that are over on this rank. */
  get overStreams(): readonly string[] {
    return this.#overStreams
  }

  /** This rank takes part in a stream of all; returns what to call when it is over here. */
  join(name: string, fail: (error: Error) => void): () => void {
    this.#streams.set(name, { fail })
    return () => {
      this.#overStreams.push(name)
      if (this.#streams.delete(name)) this.#maybeRelease()
    }
  }

  /** This rank begins one; returns what to call when it has ended. */
  begin(fail: (error: Error) => void): () => void {
    const number = ++this.#begun
    this.#pending.set(number, { fail })
    return () => {
      if (this.#pending.delete(number)) this.#maybeRelease()
    }
  }

  /** A rank has freed its part, and had ended so many; of the streams, some were over there. */
  breakOff(error: Error, ended: number, overStreams: readonly string[] = []): void {
    this.#rift ??= error
    for (const [name, { fail }] of [...this.#streams]) {
      if (overStreams.includes(name)) continue
      this.#streams.delete(name)
      fail(error)
    }
    for (const [number, { fail }] of [...this.#pending]) {
      if (number <= ended) continue
      this.#pending.delete(number)
      fail(error)
    }
    this.#maybeRelease()
  }

  #maybeRelease(): void {
    if (this.#rift !== undefined && this.#pending.size === 0 && this.#streams.size === 0) this.#release()
  }
}

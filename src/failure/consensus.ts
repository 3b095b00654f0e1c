/**
 * How ranks of which some die agree on one value: a coordinator collects what each has to say, proposes what follows from it, and decides
 * when all have accepted. The lowest rank that is alive coordinates; when it dies the next takes over.
 *
 * A proposal is decided only when every rank that is alive has accepted it, so whoever coordinates next has it, too, and proposes the same:
 * no two ranks ever decide differently, also those that die right after (uniform agreement). It ends, for each rank that is waited for
 * answers or is known to be no more. Both rest on a perfect failure detector: every rank that dies is told, none is told that lives, and
 * nothing comes from a rank after the news.
 *
 * Cost: 4 latencies without a death, 4 (p - 1) messages, of which the coordinator has a share in all; 2 latencies more for each coordinator
 * that dies.
 * Source: Skeen's three-phase commit with its termination protocol (Nonblocking commit protocols, SIGMOD 1981), as the consensus of Chandra
 * and Toueg with a perfect detector (JACM 43(2), 1996, §6). MPI's own are built alike, over trees: Herault et al., Practical scalable
 * consensus, SC 2015.
 */
export class Consensus<C, P> {
  readonly #rank: number
  readonly #size: number
  readonly #site: ConsensusSite<C, P>
  readonly #contributions = new Map<number, C>()
  readonly #accepts = new Set<number>()
  /** Whom this rank has told what it has to say. */
  #told = -1
  /** Whose proposal was accepted last. */
  #ballot = -1
  #accepted: { readonly value: P } | undefined
  #decision: { readonly value: P } | undefined

  constructor(rank: number, size: number, site: ConsensusSite<C, P>) {
    this.#rank = rank
    this.#size = size
    this.#site = site
  }

  get decided(): boolean {
    return this.#decision !== undefined
  }

  /** What this rank has to say. */
  enter(contribution: C): void {
    this.#contributions.set(this.#rank, contribution)
    this.#advance()
  }

  hear(from: number, word: Word<C, P>): void {
    const [kind, value] = word
    if (kind === REPORT) {
      if (this.#decision !== undefined) return this.#site.send(from, [DECIDE, this.#decision.value])
      this.#contributions.set(from, value)
    } else if (kind === PROPOSE) {
      // Of a coordinator that has died meanwhile: the next may count on another.
      if (from < this.#ballot) return
      this.#ballot = from
      this.#accepted = { value }
      return this.#site.send(from, [ACCEPT, null])
    } else if (kind === ACCEPT) this.#accepts.add(from)
    else return this.#learn(value)
    this.#advance()
  }

  /** A rank is no more. */
  gone(): void {
    this.#advance()
  }

  /** The ranks whose word is missing. */
  get missing(): number[] {
    const heard = this.#ballot === this.#rank ? this.#accepts : this.#contributions
    return this.#coordinator === this.#rank ? this.#alive().filter((rank) => !heard.has(rank)) : [this.#coordinator]
  }

  get #coordinator(): number {
    for (let rank = 0; rank < this.#rank; rank++) if (!this.#site.isGone(rank)) return rank
    return this.#rank
  }

  #alive(): number[] {
    return Array.from({ length: this.#size }, (_, rank) => rank).filter((rank) => !this.#site.isGone(rank))
  }

  #advance(): void {
    const own = this.#contributions.get(this.#rank)
    if (this.decided || own === undefined) return
    const coordinator = this.#coordinator
    if (coordinator !== this.#rank) {
      if (this.#told !== coordinator) this.#site.send(coordinator, [REPORT, own])
      this.#told = coordinator
      return
    }
    const alive = this.#alive()
    if (this.#ballot !== this.#rank) {
      if (this.#accepted === undefined) {
        if (!alive.every((rank) => this.#contributions.has(rank))) return
        this.#accepted = { value: this.#site.combine(new Map(alive.map((rank) => [rank, this.#contributions.get(rank)!]))) }
      }
      this.#ballot = this.#rank
      this.#accepts.add(this.#rank)
      this.#tell(alive, [PROPOSE, this.#accepted.value])
    }
    if (!alive.every((rank) => this.#accepts.has(rank))) return
    this.#tell(alive, [DECIDE, this.#accepted!.value])
    this.#decide(this.#accepted!.value)
  }

  #tell(ranks: readonly number[], word: Word<C, P>): void {
    for (const rank of ranks) if (rank !== this.#rank) this.#site.send(rank, word)
  }

  /** Who has taken this rank for the coordinator has heard of the last one's death, before its word came here, and asks nobody again. */
  #learn(value: P): void {
    if (!this.decided) this.#tell([...this.#contributions.keys()], [DECIDE, value])
    this.#decide(value)
  }

  #decide(value: P): void {
    if (this.decided) return
    this.#decision = { value }
    this.#contributions.clear()
    this.#accepts.clear()
    this.#site.decided(value)
  }
}

/** What a consensus needs of its rank. */
export interface ConsensusSite<C, P> {
  send(to: number, word: Word<C, P>): void
  isGone(rank: number): boolean
  /** What follows from the contributions of the ranks that are alive. */
  combine(contributions: ReadonlyMap<number, C>): P
  decided(value: P): void
}

export const REPORT = 0
export const PROPOSE = 1
export const ACCEPT = 2
export const DECIDE = 3

export type Word<C, P> =
  | readonly [typeof REPORT, C]
  | readonly [typeof PROPOSE, P]
  | readonly [typeof ACCEPT, null]
  | readonly [typeof DECIDE, P]

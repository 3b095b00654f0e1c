import type { Endpoint } from '../progress/endpoint.js'
import { Consensus, type Word } from './consensus.js'

/** What a rank has to say where the survivors of a communicator agree on something. */
export interface Vote {
  /** What it has called: 'agree(number)', 'shrink()'. */
  readonly what: string
  readonly flag: number
  /** An id of its own, for a new communicator; `null` where none is made, or it has no more. */
  readonly id: number | null
  /** All that was agreed on before is known there. */
  readonly settled: number
}

/** What they have agreed on. */
export interface Verdict {
  readonly flag: number
  /** The lowest rank's of those that have one. */
  readonly id: number | null
  /** Those who were alive. */
  readonly ranks: readonly number[]
  readonly settled: number
  /** What each of them has called, where that is not the same. */
  readonly calls?: readonly string[]
}

export type AgreementWord = Word<Vote, Verdict>

/**
 * What the ranks of a communicator agree on though some of them die, in the order in which they ask. It outlives its communicator here:
 * others may not know yet what was decided.
 */
export class Agreement {
  readonly #endpoint: Endpoint
  readonly #members: readonly number[]
  readonly #rank: number
  readonly #send: (member: number, sequence: number, word: AgreementWord) => void
  readonly #running = new Map<number, Consensus<Vote, Verdict>>()
  readonly #waiting = new Map<number, (verdict: Verdict, sequence: number) => void>()
  #calls = 0
  /** All before it are decided here. */
  #settled = 0
  /** All before it are decided everywhere: nobody asks for them any more. */
  #over = 0

  constructor(endpoint: Endpoint, members: readonly number[], send: (member: number, sequence: number, word: AgreementWord) => void) {
    this.#endpoint = endpoint
    this.#members = members
    this.#rank = members.indexOf(endpoint.transport.rank)
    this.#send = send
  }

  /** Asks for the next; `decided` hears what it was, once. `id`: for a new communicator. Returns its number. */
  ask(what: string, flag: number, id: number | null, decided: (verdict: Verdict, sequence: number) => void): number {
    const sequence = this.#calls++
    this.#waiting.set(sequence, decided)
    this.#consensus(sequence).enter({ what, flag, id, settled: this.#settled })
    return sequence
  }

  /** The ranks whose word is missing. */
  missing(sequence: number): number[] {
    return this.#running.get(sequence)?.missing ?? []
  }

  hear(member: number, sequence: number, word: AgreementWord): void {
    if (sequence >= this.#over) this.#consensus(sequence).hear(this.#members.indexOf(member), word)
  }

  /** A member is no more. */
  gone(): void {
    for (const consensus of [...this.#running.values()]) consensus.gone()
  }

  #consensus(sequence: number): Consensus<Vote, Verdict> {
    let consensus = this.#running.get(sequence)
    if (consensus === undefined) {
      consensus = new Consensus(this.#rank, this.#members.length, {
        send: (to, word) => this.#send(this.#members[to]!, sequence, word),
        isGone: (rank) => this.#endpoint.whyGone(this.#members[rank]!) !== undefined,
        combine,
        decided: (verdict) => this.#decided(sequence, verdict)
      })
      this.#running.set(sequence, consensus)
    }
    return consensus
  }

  #decided(sequence: number, verdict: Verdict): void {
    while (this.#running.get(this.#settled)?.decided) this.#settled++
    for (; this.#over < verdict.settled; this.#over++) this.#running.delete(this.#over)
    const decided = this.#waiting.get(sequence)
    this.#waiting.delete(sequence)
    decided?.(verdict, sequence)
  }
}

function combine(votes: ReadonlyMap<number, Vote>): Verdict {
  const all = [...votes.values()]
  return {
    flag: all.reduce((flag, vote) => flag & vote.flag, -1),
    id: all.find(({ id }) => id !== null)?.id ?? null,
    ranks: [...votes.keys()],
    settled: Math.min(...all.map(({ settled }) => settled)),
    ...(new Set(all.map(({ what }) => what)).size > 1 ? { calls: all.map(({ what }) => what) } : {})
  }
}

import { CollectiveMismatchError } from '../errors.js'
import type { Ledger } from './ledger.js'
import { ALARM } from './saying.js'

/** Ranks have called different collectives, or the same with arguments that disagree: every rank tells every other what it has called, and fails when it knows all. */
export class Dispute {
  /** The error, once all ranks have said what they called. */
  verdict: Error | undefined
  readonly #ledger: Ledger
  readonly #sequence: number
  readonly #settle: (error: Error) => void
  readonly #calls: (string | undefined)[]
  #said = false

  constructor(ledger: Ledger, sequence: number, settle: (error: Error) => void) {
    this.#ledger = ledger
    this.#sequence = sequence
    this.#settle = settle
    const { comm } = ledger
    this.#calls = Array.from({ length: comm.size }, (_, rank) => comm.endpoint.reasonGone(comm.memberOf(rank)))
  }

  /** This rank has called something: says so to the others, if it is what they ask for. */
  called(): void {
    const { comm } = this.#ledger
    if (this.#said || this.#ledger.calls <= this.#sequence) return
    this.#said = true
    const what = this.#ledger.recent(this.#sequence)?.describe() ?? 'something that was over long ago'
    this.#ledger.sayToAll(0, 0, ALARM, { sequence: this.#sequence, what })
    this.hear(comm.rank, what)
  }

  hear(rank: number, what: string): void {
    this.#calls[rank] = what
    this.#conclude()
  }

  /** A rank is no more. */
  gone(rank: number, reason: string): void {
    this.#calls[rank] ??= reason
    this.#conclude()
  }

  #conclude(): void {
    const { comm } = this.#ledger
    if (this.verdict !== undefined || this.#calls.includes(undefined)) return
    const lines = this.#calls.map((what, rank) => `  rank ${rank}: ${what}`)
    this.verdict = new CollectiveMismatchError(
      `the ranks disagree in collective ${this.#sequence} of '${comm.name}':\n${lines.join('\n')}\n` +
        'all ranks of a communicator must call the same collectives in the same order, with the same root, op, kind and length of data; ' +
        'its collectives cannot be used any more'
    )
    this.#settle(this.verdict)
  }
}

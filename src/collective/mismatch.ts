import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { CollectiveMismatchError } from '../errors.js'
import type { Waiting } from '../progress/incoming.js'
import type { Call } from './call.js'
import { ALARM } from './control-messages.js'

/** What a rank tells the others: what it has called, and who is known to it to have called the same: that rank may have ended. */
export interface Alarm {
  readonly sequence: number
  readonly what: string
  readonly met: readonly number[]
}

/** What this rank has called, and its way to tell it. */
interface Ledger {
  readonly comm: CommunicatorCore
  /** How many. */
  readonly calls: number
  readonly unsaid: Set<Waiting & { readonly peer: number; readonly waits: boolean }>
  recent(sequence: number): Call | undefined
  /** Ranks that are known to have called the same. */
  metIn(sequence: number): number[]
  sayToAll(tag: number, hash: number, kind: number, saying: unknown): void
}

/**
 * Ranks have called different collectives, or the same with arguments that disagree: every rank tells every other what it has called, and
 * fails when it knows all.
 */
export class Mismatch implements Waiting {
  readonly peer = ANY_SOURCE
  /** The error, once all ranks have said what they called. */
  verdict: Error | undefined
  /** Somebody on this rank has been told. */
  isHeard = false
  readonly #ledger: Ledger
  readonly #sequence: number
  readonly #settle: (error: Error) => void
  readonly #calls: (string | undefined)[]
  /** Of ranks that may have ended: another that knows them to have called the same as itself. */
  readonly #met = new Map<number, number>()
  /** Why those say nothing that are no more. */
  readonly #gone = new Map<number, string>()
  #said = false

  constructor(ledger: Ledger, sequence: number, settle: (error: Error) => void) {
    this.#ledger = ledger
    this.#sequence = sequence
    this.#settle = settle
    const { comm } = ledger
    // Until it is settled, the rank is needed: the others want to know what it has called.
    comm.endpoint.transport.hold()
    comm.endpoint.disputes.add(this)
    ledger.unsaid.add(this)
    this.#calls = new Array(comm.size).fill(undefined)
    for (let rank = 0; rank < comm.size; rank++) {
      const gone = comm.endpoint.whyGone(comm.memberOf(rank))
      if (gone !== undefined) this.#gone.set(rank, gone.reason)
    }
  }

  /** This rank has called something: says so to the others, if it is what they ask for. */
  called(): void {
    const { comm } = this.#ledger
    if (this.#said || this.#ledger.calls <= this.#sequence) return
    this.#said = true
    const what = this.#ledger.recent(this.#sequence)?.describe() ?? 'something that was over long ago'
    const met = this.#ledger.metIn(this.#sequence)
    this.#ledger.sayToAll(0, 0, ALARM, { sequence: this.#sequence, what, met } satisfies Alarm)
    this.hear(comm.rank, what, met)
  }

  hear(rank: number, what: string, met: readonly number[]): void {
    this.#calls[rank] = what
    for (const other of met) this.#met.set(other, rank)
    this.#conclude()
  }

  /** A rank is no more. */
  gone(rank: number, reason: string): void {
    this.#gone.set(rank, reason)
    this.#conclude()
  }

  get site(): CallSite | undefined {
    return this.#ledger.recent(this.#sequence)?.site
  }

  get waits(): boolean {
    return this.verdict === undefined
  }

  fail(error: Error): void {
    this.#end(error)
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    void makeError(this.site).then((error) => this.#end(error))
  }

  describe(): string {
    const missing = this.#calls.flatMap((what, rank) => ((what ?? this.#gone.get(rank)) === undefined ? [rank] : []))
    return `for ranks ${missing.join(', ')} to call collective ${this.#sequence}${this.#ledger.comm.on}, of which the others disagree`
  }

  #conclude(): void {
    const { comm } = this.#ledger
    const told = this.#calls.map((what, rank) => what ?? this.#wordOfGone(rank))
    if (this.verdict !== undefined || told.includes(undefined)) return
    const lines = told.map((what, rank) => `  ${comm.titleOf(rank)}: ${what}`)
    const error = new CollectiveMismatchError(
      `the ranks disagree in collective ${this.#sequence} of '${comm.name}':\n${lines.join('\n')}\n` +
        'all ranks of a communicator must call the same collectives in the same order, with the same root, op, kind and length of data; ' +
        'its collectives cannot be used any more'
    )
    this.#end(error)
  }

  #wordOfGone(rank: number): string | undefined {
    const reason = this.#gone.get(rank)
    const like = this.#met.get(rank)
    return reason === undefined || like === undefined ? reason : `the same as ${this.#ledger.comm.titleOf(like)}, and ${reason}`
  }

  #end(error: Error): void {
    if (this.verdict !== undefined) return
    this.verdict = error
    this.#ledger.unsaid.delete(this)
    this.#ledger.comm.endpoint.transport.release()
    this.#settle(error)
  }
}

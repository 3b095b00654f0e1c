import { ANY_SOURCE } from '../constants.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { CollectiveMismatchError } from '../errors.js'
import type { Waiting } from '../progress/incoming.js'
import type { CallRegistry } from './call-registry.js'
import { ALARM } from './control-messages.js'

/** What a rank tells the others: what it has called, and who has called the same and has ended since. */
export interface Alarm {
  readonly sequence: number
  readonly what: string
  readonly ended: readonly number[]
}

/** Ranks have called different collectives, or the same with arguments that disagree: every rank tells every other what it has called, and fails when it knows all. */
export class Mismatch implements Waiting {
  readonly peer = ANY_SOURCE
  /** The error, once all ranks have said what they called. */
  verdict: Error | undefined
  /** Somebody on this rank has been told. */
  isHeard = false
  readonly #ledger: CallRegistry
  readonly #sequence: number
  readonly #settle: (error: Error) => void
  readonly #calls: (string | undefined)[]
  /** Those who have said themselves what they called. */
  readonly #heard = new Set<number>()
  #said = false

  constructor(ledger: CallRegistry, sequence: number, settle: (error: Error) => void) {
    this.#ledger = ledger
    this.#sequence = sequence
    this.#settle = settle
    const { comm } = ledger
    // Until it is settled, the rank is needed: the others want to know what it has called.
    comm.endpoint.transport.hold()
    comm.endpoint.disputes.add(this)
    ledger.unsaid.add(this)
    this.#calls = Array.from({ length: comm.size }, (_, rank) => comm.endpoint.whyGone(comm.memberOf(rank))?.reason)
  }

  /** This rank has called something: says so to the others, if it is what they ask for. */
  called(): void {
    const { comm } = this.#ledger
    if (this.#said || this.#ledger.calls <= this.#sequence) return
    this.#said = true
    const what = this.#ledger.recent(this.#sequence)?.describe() ?? 'something that was over long ago'
    const ended = this.#ledger.endedLike(this.#sequence)
    this.#ledger.sayToAll(0, 0, ALARM, { sequence: this.#sequence, what, ended } satisfies Alarm)
    this.hear(comm.rank, what, ended)
  }

  hear(rank: number, what: string, ended: readonly number[]): void {
    this.#calls[rank] = what
    this.#heard.add(rank)
    for (const other of ended) if (!this.#heard.has(other)) this.#calls[other] = `the same as rank ${rank}, and has ended`
    this.#conclude()
  }

  /** A rank is no more. */
  gone(rank: number, reason: string): void {
    this.#calls[rank] ??= reason
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
    const missing = this.#calls.flatMap((what, rank) => (what === undefined ? [rank] : []))
    return `for ranks ${missing.join(', ')} to call collective ${this.#sequence}${this.#ledger.comm.on}, of which the others disagree`
  }

  #conclude(): void {
    const { comm } = this.#ledger
    if (this.verdict !== undefined || this.#calls.includes(undefined)) return
    const lines = this.#calls.map((what, rank) => `  rank ${rank}: ${what}`)
    const error = new CollectiveMismatchError(
      `the ranks disagree in collective ${this.#sequence} of '${comm.name}':\n${lines.join('\n')}\n` +
        'all ranks of a communicator must call the same collectives in the same order, with the same root, op, kind and length of data; ' +
        'its collectives cannot be used any more'
    )
    this.#end(error)
  }

  #end(error: Error): void {
    if (this.verdict !== undefined) return
    this.verdict = error
    this.#ledger.unsaid.delete(this)
    this.#ledger.comm.endpoint.transport.release()
    this.#settle(error)
  }
}

import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { FreedError } from '../errors.js'
import { CONTROL } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Waiting } from '../progress/incoming.js'
import { type Failure, failedOn, failureOf } from './failure.js'
import type { Done } from './file-system.js'

/** A rank does something for another: given what it was asked, and whom to tell. */
export type Handler = (from: number, asked: readonly unknown[], reply: Done<unknown>) => void

/** What is asked, with a number to answer to; without one nobody waits. */
type Request = readonly [id: number, kind: string, asked: readonly unknown[]]
type Reply = readonly [id: number, failure: Failure | null, value: unknown]

/**
 * What the ranks of a file do for each other beside its collective calls: they keep its shared pointer and its lock, and read and write for
 * those that cannot. It has a communicator's contexts to itself, and works as long as the event loop of who is asked has turns.
 */
export class Service {
  readonly core: CommunicatorCore
  readonly #handlers = new Map<string, Handler>()
  readonly #calls = new Map<number, PendingCall>()
  /** What was asked before this rank has come so far. */
  readonly #early = new Map<string, { from: number; asked: readonly unknown[]; reply: Done<unknown> }[]>()
  #ids = 0
  #retired: FreedError | undefined

  constructor(core: CommunicatorCore) {
    this.core = core
    const context = core.endpoint.context(core.id + CONTROL)
    const calls = this.#calls
    context.halves = {
      *[Symbol.iterator]() {
        yield* calls.values()
      }
    }
    core.endpoint.transport.watch()
  }

  /** From now on it answers; what was asked before waits for this. */
  open(): void {
    const { endpoint, id } = this.core
    onControl(endpoint, id + CONTROL, (message) => this.#hear(this.core.rankOf(message.source), message.value() as Request | Reply))
  }

  serve(kind: string, handler: Handler): void {
    this.#handlers.set(kind, handler)
    const early = this.#early.get(kind) ?? []
    this.#early.delete(kind)
    for (const { from, asked, reply } of early) handler(from, asked, reply)
  }

  /** Asks a rank, which may be this one. */
  ask<T>(rank: number, kind: string, asked: readonly unknown[], site: CallSite | undefined, done: Done<T>): void {
    const { core } = this
    const reply = done as Done<unknown>
    if (rank === core.rank) return this.#answer(core.rank, kind, asked, reply)
    const error = core.inVain(core.memberOf(rank))
    if (error !== undefined) return reply(error, undefined)
    const id = ++this.#ids
    const end: Done<unknown> = (failure, value) => {
      if (!this.#calls.delete(id)) return
      core.endpoint.transport.release()
      reply(failure, value)
    }
    core.endpoint.transport.hold()
    this.#calls.set(id, new PendingCall(core, rank, kind, site, (failure) => end(failure, undefined), end))
    this.#send(rank, [id, kind, asked])
  }

  /** Says something to a rank that nobody waits for. */
  tell(rank: number, kind: string, said: readonly unknown[]): void {
    if (rank === this.core.rank) this.#answer(rank, kind, said, () => undefined)
    else this.#send(rank, [0, kind, said])
  }

  /** This rank does nothing more for others: who asks is told why. */
  retire(error: FreedError): void {
    this.#retired = error
    for (const { reply } of [...this.#early.values()].flat()) reply(error, undefined)
    this.#early.clear()
    for (const call of [...this.#calls.values()]) call.fail(error)
  }

  /** Nobody will ask any more. */
  close(): void {
    this.core.endpoint.transport.unwatch()
    this.core.release()
  }

  #hear(from: number, message: Request | Reply): void {
    if (message[0] >= 0) {
      const [id, kind, asked] = message as Request
      this.#answer(from, kind, asked, (error, value) => {
        if (id !== 0 && this.core.alive) this.#send(from, [-id, error && failureOf(error), value])
      })
      return
    }
    const [id, failure, value] = message as Reply
    this.#calls.get(-id)?.answered(failure === null ? null : failedOn(from, failure), value)
  }

  #answer(from: number, kind: string, asked: readonly unknown[], reply: Done<unknown>): void {
    if (this.#retired !== undefined && kind !== FREED) return reply(this.#retired, undefined)
    const handler = this.#handlers.get(kind)
    if (handler !== undefined) return handler(from, asked, reply)
    // Another rank is further than this one.
    const early = this.#early.get(kind) ?? []
    this.#early.set(kind, early)
    early.push({ from, asked, reply })
  }

  #send(rank: number, message: Request | Reply): void {
    const { core } = this
    sendControl(core.endpoint, core.memberOf(rank), core.id + CONTROL, message)
  }
}

/** Said by a rank that has freed the file. */
export const FREED = 'freed'

/** An answer of another rank that is waited for. */
class PendingCall implements Waiting {
  readonly waits = true
  readonly peer: number
  readonly site: CallSite | undefined
  readonly fail: (error: Error) => void
  readonly answered: Done<unknown>
  readonly #core: CommunicatorCore
  readonly #kind: string

  constructor(
    core: CommunicatorCore,
    rank: number,
    kind: string,
    site: CallSite | undefined,
    fail: (error: Error) => void,
    answered: Done<unknown>
  ) {
    this.#core = core
    this.peer = core.memberOf(rank)
    this.#kind = kind
    this.site = site
    this.fail = (error) => fail(core.named(error))
    this.answered = answered
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }

  describe(): string {
    return `in a call on file '${this.#core.name}' for rank ${this.#core.rankOf(this.peer)} to answer (${this.#kind})`
  }
}

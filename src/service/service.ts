import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { FreedError } from '../errors.js'
import { CONTROL } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Waiting } from '../progress/incoming.js'
import type { Done } from './done.js'
import { type Failure, failedOn, failureOf } from './failure.js'

/** A rank does something for another: given what it was asked, and whom to tell. */
export type Handler = (from: number, asked: readonly unknown[], reply: Done<unknown>) => void

/** What is asked, with a number to answer to; without one nobody waits. */
type Request = readonly [id: number, kind: string, asked: readonly unknown[]]
type Reply = readonly [id: number, failure: Failure | null, value: unknown]

/**
 * What the ranks of something made of a communicator do for each other beside collective calls: they keep a file's shared pointer, the
 * queue of a lock, and read and write for those that cannot. It has a communicator's contexts to itself, and works as long as the event
 * loop of who is asked has turns.
 */
export class Service {
  readonly core: CommunicatorCore
  /** What it is of, for a report: "file 'world.file(1)'". */
  readonly what: string
  readonly #handlers = new Map<string, Handler>()
  readonly #calls = new Map<number, PendingCall>()
  /** What was asked before this rank has come so far. */
  readonly #early = new Map<string, { from: number; asked: readonly unknown[]; reply: Done<unknown> }[]>()
  readonly #goneListeners: ((rank: number) => void)[] = []
  #ids = 0
  #retired: FreedError | undefined

  constructor(core: CommunicatorCore, kind: string) {
    this.core = core
    this.what = `${kind} '${core.name}'`
    const context = core.endpoint.context(core.id + CONTROL)
    const calls = this.#calls
    context.halves = {
      *[Symbol.iterator]() {
        yield* calls.values()
      }
    }
    context.gone = (member) => {
      if (core.has(member)) for (const listener of this.#goneListeners) listener(core.rankOf(member))
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
    for (const { from, asked, reply } of early) if (!this.#isGone(from)) handler(from, asked, reply)
  }

  /** Calls back for every rank of it that is no more. */
  onGone(listener: (rank: number) => void): void {
    this.#goneListeners.push(listener)
  }

  /** Asks a rank, which may be this one. `describe`: what is waited for, in a report of those who wait. */
  ask<T>(
    rank: number,
    kind: string,
    asked: readonly unknown[],
    site: CallSite | undefined,
    done: Done<T>,
    describe: () => string = () => `in a call on ${this.what} for rank ${rank} to answer (${kind})`
  ): void {
    const { core } = this
    const reply = done as Done<unknown>
    if (rank === core.rank) {
      let isOver = false
      let end: Done<unknown> | undefined
      this.#answer(rank, kind, asked, (failure, value) => {
        isOver = true
        if (end === undefined) reply(failure, value)
        else end(failure, value)
      })
      if (!isOver) end = this.#pend(++this.#ids, rank, site, reply, describe)
      return
    }
    const error = core.inVain(core.memberOf(rank))
    if (error !== undefined) return reply(error, undefined)
    const id = ++this.#ids
    this.#pend(id, rank, site, reply, describe)
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

  /** Waits for an answer; returns who is to be told it. */
  #pend(id: number, rank: number, site: CallSite | undefined, reply: Done<unknown>, describe: () => string): Done<unknown> {
    const { core } = this
    const end: Done<unknown> = (failure, value) => {
      if (!this.#calls.delete(id)) return
      core.endpoint.transport.release()
      reply(failure, value)
    }
    core.endpoint.transport.hold()
    this.#calls.set(id, new PendingCall(core, rank, site, end, describe))
    return end
  }

  #isGone(rank: number): boolean {
    return this.core.endpoint.whyGone(this.core.memberOf(rank)) !== undefined
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

/** Said by a rank that has given up its part. */
export const FREED = 'freed'

/** An answer that is waited for. */
class PendingCall implements Waiting {
  readonly waits = true
  readonly peer: number
  readonly site: CallSite | undefined
  readonly fail: (error: Error) => void
  readonly answered: Done<unknown>
  readonly describe: () => string

  constructor(core: CommunicatorCore, rank: number, site: CallSite | undefined, answered: Done<unknown>, describe: () => string) {
    this.peer = core.memberOf(rank)
    this.site = site
    this.fail = (error) => answered(core.named(error), undefined)
    this.answered = answered
    this.describe = describe
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }
}

import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { FreedError } from '../errors.js'
import { CONTROL } from '../progress/context-ids.js'
import { onControl, sendControl, sendControlWith } from '../progress/control-message.js'
import type { Incoming, Waiting } from '../progress/incoming.js'
import type { Done } from './done.js'
import { type Failure, failedOn, failureOf } from './failure.js'

/** A rank does something for another: given what it was asked, and whom to tell. */
export type Handler<A extends Asked = readonly unknown[]> = (from: number, asked: A, reply: Done<unknown>) => void

/** What is asked. A number of a kind that is a number goes the shortest way; bytes that come last go as they are. */
export type Asked = readonly unknown[] | number
export type Kind<A extends Asked> = A extends number ? number : string

/** What is asked, with a number to answer to; without one nobody waits. */
type Request = readonly [id: number, kind: string, ...asked: readonly unknown[]]
type Reply = readonly [id: number, failure: Failure | null, value: unknown]

/** What a message is: an object that says it itself, or a number that is asked or answered. */
export const SAID = 0
const ASKS = 1
const ANSWERS = 2
/** An object, too: what the main thread of a rank's host may answer in its place. */
export const ATTENDED = 3

interface Early {
  readonly from: number
  readonly asked: Asked
  readonly reply: Done<unknown>
}

/**
 * What the ranks of something made of a communicator do for each other beside collective calls: they keep a file's shared pointer, the
 * queue of a lock, and read and write for those that cannot. It has a communicator's contexts to itself, and works as long as the event
 * loop of who is asked has turns.
 */
export class Service {
  readonly core: CommunicatorCore
  /** What it is of, for a report: "file 'world.file(1)'". */
  readonly what: string
  readonly #handlers = new Map<string | number, Handler<never>>()
  readonly #calls = new Map<number, PendingCall>()
  /** What was asked before this rank has come so far. */
  readonly #early = new Map<string | number, Early[]>()
  /** Who was asked something and has not answered yet. */
  readonly #owed = new Set<Done<unknown>>()
  #whenIdle: (() => void)[] = []
  /** What it answers when it does nothing else any more. */
  readonly #lasting = new Set<string | number>()
  /** What others may answer in a rank's place. */
  readonly #attended = new Set<string | number>()
  /** What is asked and answered with bytes that are only lent. */
  readonly #lent = new Set<string | number>()
  readonly #goneListeners: ((rank: number) => void)[] = []
  #ids = 0
  #retired: FreedError | undefined
  /** Who has given up its part. */
  readonly #left = new Set<number>()

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
      if (!core.has(member)) return
      for (const listener of this.#goneListeners) listener(core.rankOf(member))
      this.#closeWithLast()
    }
    core.endpoint.transport.watch()
  }

  /** From now on it answers; what was asked before waits for this. */
  open(): void {
    const { endpoint, id } = this.core
    onControl(endpoint, id + CONTROL, (message) => this.#hear(this.core.rankOf(message.source), message))
  }

  /** `lasts`: also when this rank has retired. */
  serve<A extends Asked = readonly unknown[]>(kind: Kind<A>, handler: Handler<A>, lasts = false): void {
    if (lasts) this.#lasting.add(kind)
    this.#handlers.set(kind, handler)
    const early = this.#early.get(kind) ?? []
    this.#early.delete(kind)
    for (const { from, asked, reply } of early) if (reply === NOBODY || !this.#isGone(from)) handler(from, asked as A, reply)
  }

  /** What is asked of that kind may be answered by the main thread of a rank's host, where that has been given what it needs. */
  attend(kind: string): void {
    this.#attended.add(kind)
  }

  /** The bytes of what is asked of that kind, and of what is answered, are good during the call only: they are not copied. */
  lend(kind: string): void {
    this.#lent.add(kind)
  }

  /** Calls back for every rank of it that is no more. */
  onGone(listener: (rank: number) => void): void {
    this.#goneListeners.push(listener)
  }

  /** Asks a rank, which may be this one. `describe`: what is waited for, in a report of those who wait. */
  ask<T, A extends Asked = readonly unknown[]>(
    rank: number,
    kind: Kind<A>,
    asked: A,
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
      if (!isOver) end = this.#pend(this.#nextId(), rank, kind, site, reply, describe)
      return
    }
    const error = core.inVain(core.memberOf(rank))
    if (error !== undefined) return reply(error, undefined)
    const id = this.#nextId()
    this.#pend(id, rank, kind, site, reply, describe)
    this.#sendAsked(rank, id, kind, asked)
  }

  /** Says something to a rank that nobody waits for. */
  tell<A extends Asked = readonly unknown[]>(rank: number, kind: Kind<A>, said: A): void {
    if (rank === this.core.rank) this.#answer(rank, kind, said, NOBODY)
    else this.#sendAsked(rank, 0, kind, said)
  }

  /** This rank does nothing more for others: who asks is told why. */
  retire(error: FreedError): void {
    this.#retired = error
    for (const { reply } of [...this.#early.values()].flat()) reply(error, undefined)
    this.#early.clear()
    for (const reply of [...this.#owed]) reply(error, undefined)
    for (const call of [...this.#calls.values()]) call.fail(error)
  }

  /** This rank gives its part up, and tells all others `last`. It closes when all others have done the same. */
  leave(error: FreedError, last: readonly unknown[]): void {
    const { rank, size } = this.core
    for (let other = 0; other < size; other++) if (other !== rank) this.tell(other, FREED, last)
    this.retire(error)
    this.#left.add(rank)
    this.#closeWithLast()
  }

  /** Calls back for every rank that gives its part up, with what it has told at last. */
  onLeft<A extends readonly unknown[]>(listener: (rank: number, last: A) => void): void {
    this.serve<readonly unknown[]>(
      FREED,
      (rank, last) => {
        this.#left.add(rank)
        listener(rank, last as A)
        this.#closeWithLast()
      },
      true
    )
  }

  #closeWithLast(): void {
    const { core } = this
    if (!this.#left.has(core.rank) || !core.alive) return
    for (let rank = 0; rank < core.size; rank++) if (!this.#left.has(rank) && !this.#isGone(rank)) return
    this.close()
  }

  /** Calls back when this rank waits for no answer, which may be now. */
  onIdle(listener: () => void): void {
    if (this.#calls.size === 0) listener()
    else this.#whenIdle.push(listener)
  }

  /** Nobody will ask any more. */
  close(): void {
    this.core.endpoint.transport.unwatch()
    this.core.release()
  }

  /** Waits for an answer; returns who is to be told it. */
  #pend(
    id: number,
    rank: number,
    kind: string | number,
    site: CallSite | undefined,
    reply: Done<unknown>,
    describe: () => string
  ): Done<unknown> {
    const { core } = this
    const end: Done<unknown> = (failure, value) => {
      if (!this.#calls.delete(id)) return
      core.endpoint.transport.release()
      reply(failure, value)
      if (this.#whenIdle.length > 0 && this.#calls.size === 0) {
        const listeners = this.#whenIdle
        this.#whenIdle = []
        for (const listener of listeners) listener()
      }
    }
    core.endpoint.transport.hold()
    this.#calls.set(id, new PendingCall(core, rank, kind, site, end, describe))
    return end
  }

  #nextId(): number {
    this.#ids = this.#ids === LAST_ID ? 1 : this.#ids + 1
    return this.#ids
  }

  #isGone(rank: number): boolean {
    return this.core.endpoint.whyGone(this.core.memberOf(rank)) !== undefined
  }

  #hear(from: number, message: Incoming): void {
    const { tag, call, shape } = message
    if (tag === ASKS) return this.#answerTo(from, call, shape, message.value() as number)
    if (tag === ANSWERS) return this.#calls.get(call)?.answered(null, message.value())
    const [said, along] = (shape === 0 ? [message.value(), undefined] : message.saidWith) as [Request | Reply, Uint8Array | undefined]
    if (said[0] >= 0) {
      const [id, kind, ...asked] = said as Request
      if (along !== undefined) asked.push(this.#lent.has(kind) && this.#handlers.has(kind) ? along : along.slice())
      return this.#answerTo(from, id, kind, asked)
    }
    const [id, failure, value] = said as Reply
    const pending = this.#calls.get(-id)
    if (pending === undefined) return
    const came = along === undefined || this.#lent.has(pending.kind) ? along : along.slice()
    pending.answered(failure === null ? null : failedOn(from, failure), value === undefined ? came : value)
  }

  #answerTo(from: number, id: number, kind: string | number, asked: Asked): void {
    if (id === 0) return this.#answer(from, kind, asked, NOBODY)
    this.#answer(from, kind, asked, (error, value) => {
      if (!this.core.alive) return
      if (error === null && typeof value === 'number') this.#sendNumber(from, ANSWERS, id, 0, value)
      else if (error === null && isBytes(value)) this.#send(from, [-id, null, undefined], SAID, value)
      else this.#send(from, [-id, error && failureOf(error), value])
    })
  }

  #answer(from: number, kind: string | number, asked: Asked, answer: Done<unknown>): void {
    if (this.#retired !== undefined && !this.#lasting.has(kind)) return answer(this.#retired, undefined)
    const handler = this.#handlers.get(kind) as Handler<Asked> | undefined
    if (handler !== undefined) {
      let isOver = false
      const reply: Done<unknown> = (error, value) => {
        if (isOver) return
        isOver = true
        this.#owed.delete(reply)
        answer(error, value)
      }
      handler(from, asked, reply)
      if (!isOver && !this.#lasting.has(kind)) this.#owed.add(reply)
      return
    }
    // Another rank is further than this one.
    const early = this.#early.get(kind) ?? []
    this.#early.set(kind, early)
    early.push({ from, asked, reply: answer })
  }

  #sendAsked(rank: number, id: number, kind: string | number, asked: Asked): void {
    if (typeof kind === 'number') return this.#sendNumber(rank, ASKS, id, kind, asked as number)
    const all = asked as readonly unknown[]
    const tag = this.#attended.has(kind) ? ATTENDED : SAID
    const last = all.at(-1)
    if (isBytes(last)) this.#send(rank, [id, kind, ...all.slice(0, -1)], tag, last)
    else this.#send(rank, [id, kind, ...all], tag)
  }

  #sendNumber(rank: number, role: number, id: number, kind: number, value: number): void {
    const { core } = this
    sendControl(core.endpoint, core.memberOf(rank), core.id + CONTROL, value, role, id, kind)
  }

  #send(rank: number, message: Request | Reply, tag = SAID, along?: Uint8Array): void {
    const { core } = this
    const [member, context] = [core.memberOf(rank), core.id + CONTROL]
    if (along === undefined) sendControl(core.endpoint, member, context, message, tag)
    else sendControlWith(core.endpoint, member, context, message, along, tag)
  }
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/** Ids go with a message as integers of 32 bits. */
const LAST_ID = 2 ** 31 - 1

/** Nobody waits for an answer. What was said holds also when who said it is no more. */
const NOBODY: Done<unknown> = () => undefined

/** Said by a rank that has given up its part. */
const FREED = 'freed'

/** An answer that is waited for. */
class PendingCall implements Waiting {
  readonly waits = true
  readonly peer: number
  readonly kind: string | number
  readonly site: CallSite | undefined
  readonly fail: (error: Error) => void
  readonly answered: Done<unknown>
  readonly describe: () => string

  constructor(
    core: CommunicatorCore,
    rank: number,
    kind: string | number,
    site: CallSite | undefined,
    answered: Done<unknown>,
    describe: () => string
  ) {
    this.peer = core.memberOf(rank)
    this.kind = kind
    this.site = site
    this.fail = (error) => answered(core.named(error), undefined)
    this.answered = answered
    this.describe = describe
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }
}

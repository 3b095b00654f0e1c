import { failureOf, remoteError } from '../collective/control-messages.js'
import { binomialTree } from '../collective/topology/binomialTree.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { RxmpiError } from '../errors.js'
import { GROUPS, IDS_EXHAUSTED } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Incoming, Waiting } from '../progress/incoming.js'
import { goneError } from '../progress/rank-failure.js'
import { abandonOn } from '../request/cancellation.js'
import { Request } from '../request/request.js'

/** What the ranks of a group say to each other when they make a communicator. */
type Say =
  /** This rank, and all below it in the tree, have called. */
  | readonly [kind: 'called', key: string, call: number, words: Words]
  /** All have: the new communicator's first context, the how-many-th of rank 0 of the group it is, and what all say of themselves. */
  | readonly [kind: 'made', key: string, call: number, id: number, count: number, words: Words]
  /** There will be none. */
  | readonly [kind: 'failed', key: string, call: number, failure: ReturnType<typeof failureOf>]

/** What ranks say of themselves, beside that they have called. */
type Words = readonly (readonly [rank: number, word: unknown])[]

/** A communicator that this rank is making with the others of a group. */
interface Making {
  hear(from: number, say: Say): void
}

/** A rank that has to say something first. */
type Awaited = Waiting & { readonly peer: number; readonly waits: boolean }

/**
 * The communicators that ranks make of groups without the rest of their communicator. The calls of one group with one tag meet by their
 * number: whatever else those ranks do at the same time, words of one call are not taken for another's.
 */
export class GroupCalls {
  readonly core: CommunicatorCore
  readonly awaited = new Set<Awaited>()
  /** How many communicators were made so. */
  made = 0
  readonly #makings = new Map<string, Making>()
  /** Calls of each group and tag so far. */
  readonly #calls = new Map<string, number>()
  /** What others have said of calls that this rank has not come to. */
  readonly #early = new Map<string, [from: number, say: Say][]>()

  constructor(core: CommunicatorCore) {
    this.core = core
    const context = core.id + GROUPS
    core.endpoint.context(context).halves = this.awaited
    onControl(core.endpoint, context, (message) => this.#hear(message))
  }

  /** The number of the next call of a group and tag. */
  next(key: string): number {
    const call = this.#calls.get(key) ?? 0
    this.#calls.set(key, call + 1)
    return call
  }

  open(key: string, call: number, making: Making): void {
    const name = `${key} ${call}`
    this.#makings.set(name, making)
    const early = this.#early.get(name) ?? []
    this.#early.delete(name)
    for (const [from, say] of early) making.hear(from, say)
  }

  close(key: string, call: number): void {
    this.#makings.delete(`${key} ${call}`)
  }

  say(to: number, say: Say): void {
    const { endpoint, id } = this.core
    sendControl(endpoint, this.core.memberOf(to), id + GROUPS, say)
  }

  #hear(message: Incoming): void {
    const from = this.core.rankOf(message.source)
    const say = message.value() as Say
    const [, key, call] = say
    const name = `${key} ${call}`
    const making = this.#makings.get(name)
    if (making !== undefined) return making.hear(from, say)
    // Of one that is over here.
    if (call < (this.#calls.get(key) ?? 0)) return
    const early = this.#early.get(name) ?? []
    this.#early.set(name, early)
    early.push([from, say])
  }
}

/**
 * The ranks of a group bring a communicator about: up a tree goes that all have called, down it goes the id that its root gives. So no rank
 * can use the communicator before all have begun to make it. MPI: MPI_Comm_create_group.
 */
export class GroupRequest<C> extends Request<C> implements Making {
  readonly status = undefined
  readonly #calls: GroupCalls
  /** Ranks of the communicator, in the group's order. */
  readonly #ranks: readonly number[]
  readonly #tag: number
  readonly #key: string
  readonly #call: number
  readonly #parent: number | undefined
  readonly #children: readonly number[]
  readonly #awaited = new Map<number, Awaited>()
  readonly #make: (id: number, count: number, words: ReadonlyMap<number, unknown>) => C
  readonly #what: string
  #words: Words
  readonly #isMade: () => void
  #isOver = false

  /** `make` is given the first context, the number for a name, and the words of all ranks; `word` is what this one says. */
  constructor(
    calls: GroupCalls,
    what: string,
    ranks: readonly number[],
    tag: number,
    site: CallSite | undefined,
    make: (id: number, count: number, words: ReadonlyMap<number, unknown>) => C,
    word?: unknown
  ) {
    super(site)
    const { core } = calls
    this.#calls = calls
    this.#ranks = ranks
    this.#tag = tag
    this.#make = make
    this.#what = what
    this.#words = word === undefined ? [] : [[core.rank, word]]
    this.#key = `${what} ${tag}: ${ranks.join(' ')}`
    this.#call = calls.next(this.#key)
    const { parent, children } = binomialTree(ranks.indexOf(core.rank), ranks.length, 0)
    this.#parent = parent === undefined ? undefined : ranks[parent]
    this.#children = children.map(({ rank }) => ranks[rank]!)
    this.#isMade = core.endpoint.expectCommunicator()
  }

  begin(signal: AbortSignal | undefined): this {
    this.holds(this.#calls.core.endpoint.transport)
    for (const child of this.#children) this.#await(child)
    this.#calls.open(this.#key, this.#call, this)
    this.#goOn()
    if (signal !== undefined) abandonOn(signal, this, (error) => this.stop(error))
    return this
  }

  hear(from: number, say: Say): void {
    if (this.#isOver) return
    const [kind] = say
    if (kind === 'failed') return this.#end(() => this.fail(remoteError(this.#calls.core, from, this.#what, say[3])))
    this.#calls.awaited.delete(this.#awaited.get(from)!)
    this.#awaited.delete(from)
    if (kind === 'made') return this.#made(say[3], say[4], say[5])
    this.#words = [...this.#words, ...say[3]]
    this.#goOn()
  }

  /** It cannot be made: the others are told. */
  stop(error: Error): void {
    if (this.#isOver) return
    const { core } = this.#calls
    const named = core.named(error)
    this.#tellAll(['failed', this.#key, this.#call, failureOf(0, named)])
    this.#end(() => this.fail(named))
  }

  /** All that are below have called. */
  #goOn(): void {
    if (this.#isOver || this.#awaited.size > 0) return
    if (this.#parent !== undefined) {
      this.#await(this.#parent)
      this.#calls.say(this.#parent, ['called', this.#key, this.#call, this.#words])
      return
    }
    const id = this.#calls.core.endpoint.ids.next()
    if (id === null) this.stop(new RxmpiError(`${this.#what}: ${IDS_EXHAUSTED}`))
    else this.#made(id, ++this.#calls.made, this.#words)
  }

  #made(id: number, count: number, words: Words): void {
    for (const child of this.#children) this.#calls.say(child, ['made', this.#key, this.#call, id, count, words])
    this.#end(() => this.complete(this.#make(id, count, new Map(words))))
  }

  #tellAll(say: Say): void {
    for (const rank of this.#ranks) if (rank !== this.#calls.core.rank) this.#calls.say(rank, say)
  }

  #await(rank: number): void {
    const { core } = this.#calls
    const peer = core.memberOf(rank)
    const gone = core.endpoint.whyGone(peer)
    if (gone !== undefined) return this.stop(goneError(rank, gone))
    const awaited: Awaited = {
      peer,
      waits: true,
      site: this.site,
      fail: (error) => this.stop(error),
      giveUp: (makeError) => {
        this.#end(() => this.giveUp(makeError))
      },
      describe: () => `in ${this.#what}${core.on} for rank ${rank}, tag ${this.#tag}`
    }
    this.#awaited.set(rank, awaited)
    this.#calls.awaited.add(awaited)
  }

  #end(settle: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const awaited of this.#awaited.values()) this.#calls.awaited.delete(awaited)
    this.#calls.close(this.#key, this.#call)
    settle()
    this.#isMade()
  }

  protected poll(): void {
    this.#calls.core.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#calls.core.inContext(error, site)
  }
}

import { RangeSet } from '../memory/range-set.js'
import type { Context } from './context.js'
import { CONTEXTS, communicatorOf, FIRST_ID } from './context-ids.js'
import { Matching } from './matching.js'

/** What a communicator hears of the ranks that fail. */
export interface Membership {
  readonly name: string
  /** The rank there of one of the endpoint's. */
  rankOf(member: number): number
  /** The news, before anything fails of it. */
  announce(member: number): void
  /** Fails all that cannot be done without the rank, whichever else it waits for. */
  lose(member: number): void
}

/** Runs of freed communicators' numbers that are known, for each rank that has given them. */
const RUNS = 256

/**
 * The contexts and communicators of a rank: which are in use, which are no more, and which may still be made. Pure, no I/O.
 *
 * A message may come for a communicator that this rank has not made yet, for others were faster. None of them has it before this rank has
 * begun to make it, since what makes it needs a word of every rank. So a message of an unknown communicator is kept while one is in the
 * making, until all that were in the making when it came are made; else it is of one that was freed here.
 */
export class ContextRegistry {
  readonly #contexts = new Map<number, Context>()
  /** The communicators there are, by their ids. */
  readonly #members = new Map<number, Membership>()
  /** Those of them in which nothing goes on any more. */
  readonly #closed = new Set<number>()
  /** Those that were freed here, by the rank that has given the id. */
  readonly #dead: RangeSet[] = []
  /** Unknown communicators of which something was kept, and how many were begun before it came. */
  readonly #early = new Map<number, number>()
  /** Those in the making, by the order in which they were begun. */
  readonly #making = new Set<number>()
  #begun = 0
  readonly #size: number

  /** `size`: of the world. */
  constructor(size: number) {
    this.#size = size
  }

  /** The context of a message; `undefined` where nothing is kept for it. */
  find(context: number): Context | undefined {
    return this.#contexts.get(context) ?? (this.#isKept(communicatorOf(context)) ? this.#create(context) : undefined)
  }

  /** The context of something here. In one that is closed nothing ever comes. */
  get(context: number): Context {
    return this.find(context) ?? newContext(this.#size)
  }

  all(): Iterable<Context> {
    return this.#contexts.values()
  }

  communicator(id: number): Membership | undefined {
    return this.#members.get(id)
  }

  /** There are no communicators but those that every rank has from the start. */
  get isWorldOnly(): boolean {
    return [...this.#members.keys()].every((id) => id < FIRST_ID)
  }

  members(): Iterable<Membership> {
    return this.#members.values()
  }

  /** How many contexts and communicators are remembered, in all. */
  get remembered(): number {
    let runs = 0
    for (const dead of Object.values(this.#dead)) runs += dead.runs
    return this.#contexts.size + this.#members.size + this.#closed.size + this.#early.size + this.#making.size + runs
  }

  /** A communicator is there. */
  use(id: number, by: Membership): void {
    this.#members.set(id, by)
    this.#early.delete(id)
  }

  /** Nothing goes on in a communicator any more. Returns the contexts that it had. */
  close(id: number): Context[] {
    if (this.#members.has(id)) this.#closed.add(id)
    return this.#take(id)
  }

  /** This rank is not a member of a communicator, or not any more. */
  retire(id: number): void {
    this.#members.delete(id)
    this.#early.delete(id)
    if (id < FIRST_ID) return
    this.#closed.delete(id)
    const [rank, count] = this.#split(id)
    this.#dead[rank] ??= new RangeSet(RUNS)
    this.#dead[rank].add(count)
  }

  /** A communicator is in the making from now on; to be given to `end`. */
  begin(): number {
    this.#making.add(this.#begun)
    return this.#begun++
  }

  /** It is made, or will not be. Returns the communicators of which something was kept and that will never be. */
  end(order: number): number[] {
    this.#making.delete(order)
    if (this.#early.size === 0) return []
    const [oldest = Number.POSITIVE_INFINITY] = this.#making
    const never = [...this.#early].filter(([, begun]) => begun <= oldest).map(([id]) => id)
    for (const id of never) this.#early.delete(id)
    return never
  }

  /** Whether a communicator that is not there may still be made. */
  mayBe(id: number): boolean {
    if (id < FIRST_ID || this.#early.has(id)) return true
    if (this.#making.size === 0) return false
    const [rank, count] = this.#split(id)
    if (this.#dead[rank]?.has(count)) return false
    this.#early.set(id, this.#begun)
    return true
  }

  #isKept(id: number): boolean {
    return !this.#closed.has(id) && (this.#members.has(id) || this.mayBe(id))
  }

  #create(context: number): Context {
    const made = newContext(this.#size)
    this.#contexts.set(context, made)
    return made
  }

  #take(id: number): Context[] {
    const taken: Context[] = []
    for (let context = id; context < id + CONTEXTS; context++) {
      const found = this.#contexts.get(context)
      if (found === undefined) continue
      taken.push(found)
      this.#contexts.delete(context)
    }
    return taken
  }

  /** The rank that has given an id, and the how-many-th it was. */
  #split(id: number): [rank: number, count: number] {
    const number = (id - FIRST_ID) / CONTEXTS
    return [number % this.#size, Math.floor(number / this.#size)]
  }
}

const newContext = (size: number): Context => ({ matching: new Matching(size), probes: [] })

import type { AnyNames } from '../diagnostics/option-names.js'
import type { AnyOp } from '../op/op.js'
import { noteData } from '../transport/board.js'
import { BoardRound } from './board/board-round.js'
import { type Call, type Signature, signatureOf } from './call.js'
import type { CallRegistry } from './call-registry.js'
import { type Definition, type GivenPlan, givesTo, type Make } from './definition.js'
import { optionNamesOf } from './option-names.js'
import type { Audience } from './participant.js'
import { StandingStream } from './standing-stream.js'

/** A collective that a communicator's methods call again and again, with the streams that stand for it. */
export class Plan<T, R> {
  readonly collective: Definition<T, R>
  readonly signature: Signature
  readonly optionNames: AnyNames
  readonly #registry: CallRegistry
  /** This rank's values are not ignored. */
  readonly #gives: boolean
  /** Streams by their algorithm, that have no round under way. */
  readonly #idle = new Map<string | undefined, StandingStream<T, R>[]>()

  constructor(registry: CallRegistry, collective: Definition<T, R>) {
    this.#registry = registry
    this.collective = collective
    this.#gives = givesTo(collective, registry.comm.rank)
    this.signature = signatureOf(collective)
    this.optionNames = optionNamesOf(collective.name)
  }

  /** Runs a call; `algorithm` is the one for so large a value. Returns who can give it up. */
  run(call: Call, audience: Audience<R>, value: T, algorithm: string | undefined): { fail(error: Error): void } {
    if (this.#gives) call.note(value)
    const { posts, stages } = this.collective
    const board = posts === undefined && stages === undefined ? undefined : this.#registry.boardOf(call)
    const way = board && [posts, stages].find((each) => each?.takes(value, noteData(board.size), call.options))
    if (way === undefined) {
      const stream = this.take(algorithm)
      stream.run(call, audience, value)
      return stream
    }
    const round = new BoardRound(this.#registry, board!, way, call, audience, value, () => this.take(algorithm))
    round.run()
    return round
  }

  /** A stream for a call: as many calls are under way, so many streams there are. */
  take(algorithm: string | undefined): StandingStream<T, R> {
    let idle = this.#idle.get(algorithm)
    if (idle === undefined) {
      idle = []
      this.#idle.set(algorithm, idle)
    }
    const ready = idle
    return (
      ready.pop() ??
      new StandingStream<T, R>(this.#registry, this.collective, algorithm, (stream) => {
        if (ready.length < MANY) ready.push(stream)
      })
    )
  }
}

interface Entry {
  readonly root: number | undefined
  readonly algorithm: string | undefined
  readonly op: AnyOp | undefined
  readonly plan: Plan<never, unknown>
}

/** The plans of a communicator: one for each collective, root, algorithm and op. */
export class Plans {
  readonly #registry: CallRegistry
  /** Weakly: a collective that is made for one call, or one halo, goes with it, and its plans do. */
  readonly #entries = new WeakMap<object, Entry[]>()

  constructor(registry: CallRegistry) {
    this.#registry = registry
  }

  /** Throws what is wrong with the options. */
  find<T, R>(make: Make<T, R>, options: GivenPlan, op: AnyOp | undefined): Plan<T, R> {
    const { algorithm } = options
    const root = this.#registry.rootOf(options.root)
    let entries = this.#entries.get(make)
    if (entries === undefined) {
      entries = []
      this.#entries.set(make, entries)
    }
    for (const entry of entries) {
      if (entry.root === root && entry.algorithm === algorithm && entry.op === op) return entry.plan as unknown as Plan<T, R>
    }
    const plan = new Plan(this.#registry, this.#registry.define(make, { root, algorithm }, op))
    // Ops that are made for each call would pile up.
    if (entries.length === MANY) entries.shift()
    entries.push({ root, algorithm, op, plan: plan as unknown as Plan<never, unknown> })
    return plan
  }
}

/** Streams of a plan, and plans of a collective, that are kept. */
const MANY = 64

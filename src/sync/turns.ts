import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { TURNS } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Waiting } from '../progress/incoming.js'
import { Held, type Lender } from './held.js'
import type { SyncRequest } from './sync-object.js'

const known = new WeakMap<CommunicatorCore, Turns>()

/** The turns of a communicator. They have a context that it has from the start, so that the first rank need not wait for the others. */
export function turnsOf(core: CommunicatorCore): Turns {
  let turns = known.get(core)
  if (turns === undefined) {
    turns = new Turns(core)
    known.set(core, turns)
  }
  return turns
}

/**
 * One rank after the other: a rank's n-th turn begins when the n-th of the rank before has ended, in whatever way. Where that rank has
 * failed, the turn fails, and the rank behind it goes on.
 */
class Turns {
  readonly #core: CommunicatorCore
  readonly #waiting = new Map<number, AwaitedTurn>()
  /** Turns of the rank before that have ended and were not followed by this rank's yet. */
  readonly #passed = new Set<number>()
  #count = 0

  constructor(core: CommunicatorCore) {
    this.#core = core
    const { endpoint } = core
    const context = endpoint.context(core.id + TURNS)
    const waiting = this.#waiting
    context.halves = {
      *[Symbol.iterator]() {
        yield* waiting.values()
      }
    }
    endpoint.transport.watch()
    onControl(endpoint, core.id + TURNS, (message) => this.#onPassed(message.value() as number))
    core.attach({ release: () => endpoint.transport.unwatch() })
  }

  /** Begins this rank's next turn, or waits for it. */
  begin(request: SyncRequest<Held>): void {
    const core = this.#core
    const number = ++this.#count
    if (core.rank === 0 || this.#passed.delete(number)) return this.#start(number, request)
    const before = core.memberOf(core.rank - 1)
    const error = core.inVain(before)
    if (error !== undefined) {
      this.#pass(number)
      throw error
    }
    request.holds(core.endpoint.transport)
    const leave = (): void => {
      this.#waiting.delete(number)
    }
    const fail = (failure: Error): void => {
      leave()
      this.#pass(number)
      request.settle(core.named(failure))
    }
    this.#waiting.set(number, new AwaitedTurn(before, core.rank - 1, request, fail, () => leave()))
    // Who does not want the turn any more keeps its place, and passes it on when it comes.
    request.withdraw = () => undefined
  }

  #start(number: number, request: SyncRequest<Held>): void {
    if (request.settled) return this.#pass(number)
    request.withdraw = undefined
    request.settle(null, new Held(new Turn(this.#core, number, () => this.#pass(number)), request.site, undefined))
  }

  #onPassed(number: number): void {
    const awaited = this.#waiting.get(number)
    if (awaited === undefined) return void this.#passed.add(number)
    awaited.leave()
    this.#start(number, awaited.request)
  }

  #pass(number: number): void {
    const core = this.#core
    if (core.rank + 1 < core.size && core.obstacle === undefined) {
      sendControl(core.endpoint, core.memberOf(core.rank + 1), core.id + TURNS, number)
    }
  }
}

/** A turn that this rank has. */
class Turn implements Lender {
  readonly core: CommunicatorCore
  readonly what: string
  readonly #pass: () => void
  #isOver = false

  constructor(core: CommunicatorCore, number: number, pass: () => void) {
    this.core = core
    this.what = `turn ${number}${core.on}`
    this.#pass = pass
  }

  takeBack(held: Held): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    held.end()
    this.#pass()
    return true
  }
}

/** A turn that this rank waits for. */
class AwaitedTurn implements Waiting {
  readonly waits = true
  readonly peer: number
  readonly request: SyncRequest<Held>
  readonly fail: (error: Error) => void
  readonly leave: () => void
  readonly #rank: number

  constructor(peer: number, rank: number, request: SyncRequest<Held>, fail: (error: Error) => void, leave: () => void) {
    this.peer = peer
    this.request = request
    this.fail = fail
    this.leave = leave
    this.#rank = rank
  }

  get site(): CallSite | undefined {
    return this.request.site
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }

  describe(): string {
    return `in sequential for rank ${this.#rank} to end its turn`
  }
}

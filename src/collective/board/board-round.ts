import { ANY_SOURCE } from '../../constants.js'
import type { CallSite } from '../../diagnostics/call-site.js'
import type { Board, BoardReader } from '../../transport/board.js'
import type { Call } from '../call.js'
import type { CallRegistry, Party } from '../call-registry.js'
import { ASKED, FAILURE, type Failure, failureOf, type Kind, remoteError } from '../control-messages.js'
import { Misfit, NOTHING } from '../definition.js'
import type { Audience } from '../participant.js'
import type { StandingStream } from '../standing-stream.js'
import { type Laid, MEET_AGAIN, type Posts, type Stages } from './posts.js'

/** Calls that are over at once, between two that wait for the event loop's sake. */
const AT_ONCE = 15

/**
 * A call of a collective among ranks of one host, by their board: each rank posts what it gives, reads what all have posted, and makes the
 * result of it. What is too long for a note the ranks lay on their stages, a part at a time, and meet again after each step. No message is
 * sent.
 *
 * A rank that cannot go this way sends messages instead, as in any collective. Who waits at the board then gets one, and does the same:
 * either all ranks have posted and are done by the board, or one has not, and all go by messages.
 */
export class BoardRound<T, R> implements Party, BoardReader {
  readonly peer = ANY_SOURCE
  next: Party | undefined
  readonly call: Call
  readonly tag: number
  /** Of the call among those of the board: a persistent call's is the number of its start. */
  readonly sequence: number
  readonly #registry: CallRegistry
  readonly #board: Board
  readonly #way: Posts<T, R> | Stages<T, R>
  readonly #audience: Audience<R>
  readonly #value: T
  /** What goes by messages instead. */
  readonly #stream: () => StandingStream<T, R>
  /** Ranks up to this one have posted, or done the step. */
  #seen = 0
  /** What all have to do before this rank goes on: to post, or that step. */
  #step = 0
  #holds = false
  /** What it has on the stage. */
  #laid: Laid<R> | undefined
  /** It waits for the stage. */
  #isEarly = false
  #closed = false
  /** A rank is no more. */
  #isBereft = false
  /** It cannot be done by the board. */
  #isLeaving = false
  #isDisputed = false
  #hasAsked = false
  /** What others have said that go by messages. */
  #heard: [kind: Kind, from: number, saying: unknown][] | undefined
  /** What has taken over. */
  #follower: StandingStream<T, R> | undefined

  constructor(
    registry: CallRegistry,
    board: Board,
    way: Posts<T, R> | Stages<T, R>,
    call: Call,
    audience: Audience<R>,
    value: T,
    stream: () => StandingStream<T, R>
  ) {
    this.#registry = registry
    this.#board = board
    this.#way = way
    this.#audience = audience
    this.#value = value
    this.#stream = stream
    this.call = call
    this.sequence = call.isKept ? call.subscriptions : call.sequence
    this.tag = registry.tagOf(call)
  }

  run(): void {
    this.#registry.open(this)
    if (this.#closed) return
    if (this.#isLeaving || this.#registry.hasCome(this.tag) || !this.#board.hasRoom(this.sequence)) return this.#goByMessages()
    this.#post()
  }

  /** As soon as the stage can be had, where it goes by that. */
  #post(): void {
    const { call, sequence } = this
    const board = this.#board
    const way = this.#way
    if ('lay' in way) {
      const stage = board.stage.take(board, sequence)
      if (stage === 'busy') return this.#goByMessages()
      this.#isEarly = stage === 'read'
      if (this.#isEarly) return this.#wait()
      this.#laid = way.lay(this.#value, board, sequence, call.options)
      board.pass(sequence, 0)
      board.post(sequence, call.hash, this.#laid.shape, ~this.#laid.kind)
    } else {
      const { shape, length } = way.write(this.#value, board, sequence, call.options)
      board.post(sequence, call.hash, shape, length)
    }
    if (board.missing(sequence, 0) < 0 && (++atOnce & AT_ONCE) !== 0) this.#goOn()
    else this.#wait()
  }

  #wait(): void {
    if (this.#holds) return
    this.#holds = true
    this.#registry.comm.endpoint.transport.hold()
    this.#board.wait(this)
  }

  look(): boolean {
    if (this.#isDisputed) return false
    if (this.#isEarly) {
      if (this.#isLeaving) this.#goByMessages()
      else this.#post()
      return !this.#isEarly
    }
    this.#seen = this.#behind(this.#seen)
    if (this.#seen < 0) this.#goOn()
    else if (this.#isLeaving && this.#step === 0) this.#goByMessages()
    else return this.#isBereft && this.#isInVain()
    return true
  }

  /** The first rank from one on that has not posted, or done the step; -1 where all have. */
  #behind(from: number): number {
    return this.#step === 0 ? this.#board.missing(this.sequence, from) : this.#board.behind(this.sequence, this.#step, from)
  }

  /** Whether a rank that is no more has left a step undone. */
  #isInVain(): boolean {
    const { comm } = this.#registry
    const error = comm.inVain(comm.memberOf(this.#seen))
    if (error === undefined || this.#step === 0) return false
    this.stop(error)
    return true
  }

  /** Whoever is missing may have called something else, or a stream. */
  beforeSleep(): void {
    if (this.#isEarly) return this.#goByMessages()
    if (this.#hasAsked || this.#isDisputed) return
    this.#hasAsked = true
    const { rank, size } = this.#registry.comm
    for (let other = 0; other < size; other++) {
      if (other !== rank && !this.#board.has(other, this.sequence)) this.#registry.say(other, this.tag, this.call.hash, ASKED, 0)
    }
  }

  byMessages(): void {
    this.#isLeaving = true
  }

  hear(kind: Kind, from: number, saying: unknown): void {
    if (this.#closed) return
    if (kind === FAILURE) {
      const failure = saying as Failure
      if (failure.round === 0 || failure.failed !== false) {
        this.stop(remoteError(this.#registry.comm, from, this.call.signature.name, failure))
      }
      return
    }
    this.#isLeaving = true
    this.#heard ??= []
    this.#heard.push([kind, from, saying])
  }

  single(): void {}

  /** A rank is no more. If it has not posted, it is messages that tell what becomes of the call. */
  gone(): void {
    const { comm } = this.#registry
    for (let rank = 0; rank < comm.size; rank++) {
      if (comm.endpoint.whyGone(comm.memberOf(rank)) === undefined) continue
      this.#isBereft = true
      if (!this.#board.has(rank, this.sequence)) this.#isLeaving = true
    }
  }

  stop(error: Error): void {
    if (this.#closed) return
    this.#close(false)
    this.#audience.fail(error)
  }

  /** It is given up on this rank. */
  fail(error: Error): void {
    if (this.#follower !== undefined) return this.#follower.fail(error)
    if (this.#closed) return
    this.#registry.sayToAll(this.tag, this.call.hash, FAILURE, failureOf(0, error))
    this.stop(error)
  }

  giveUp(makeError: Parameters<Audience<R>['giveUp']>[0]): void {
    if (this.#closed) return
    this.#close(false)
    this.#audience.giveUp(makeError)
  }

  get waits(): boolean {
    return !this.#closed
  }

  get site(): CallSite | undefined {
    return this.call.site
  }

  get met(): number[] {
    const board = this.#board
    return Array.from({ length: board.size }, (_, rank) => rank).filter(
      (rank) => rank !== board.rank && board.has(rank, this.sequence) && board.agrees(rank, this.sequence)
    )
  }

  describe(): string {
    const { comm } = this.#registry
    const missing = this.#behind(0)
    return `in ${this.call.title}${comm.on} for ${missing < 0 ? 'the other ranks' : comm.titleOf(missing)}`
  }

  /** All have posted, or done the step. */
  #goOn(): void {
    const board = this.#board
    if (this.#step === 0) {
      if (!this.#isSame) return this.#dispute()
      if (!this.#isOfOneWay) return this.#goByMessages()
      if (!this.#agree) return this.#dispute()
    }
    let result: R | Misfit | typeof NOTHING | typeof MEET_AGAIN
    try {
      do {
        this.#laid?.check()
        result = this.#read()
        if (result === MEET_AGAIN) board.pass(this.sequence, ++this.#step)
      } while (result === MEET_AGAIN && board.behind(this.sequence, this.#step, 0) < 0)
    } catch (error) {
      // The others cannot go on without it.
      return this.#laid === undefined ? this.stop(error as Error) : this.fail(error as Error)
    }
    this.#seen = 0
    if (result === MEET_AGAIN) return this.#wait()
    this.#close(true)
    if (result instanceof Misfit) return this.#audience.fail(result.error)
    if (result !== NOTHING) this.#audience.emit(result)
    this.#audience.finish()
  }

  #read(): R | Misfit | typeof NOTHING | typeof MEET_AGAIN {
    const way = this.#way
    return 'lay' in way ? this.#laid!.step(this.#step) : way.read(this.#board, this.sequence, this.#value, this.call.options)
  }

  /** Ranks have called different things. */
  #dispute(): void {
    this.#isDisputed = true
    this.#registry.alarm(this.call.sequence)
  }

  get #isSame(): boolean {
    const { size } = this.#board
    for (let rank = 0; rank < size; rank++) if (!this.#board.agrees(rank, this.sequence)) return false
    return true
  }

  /** Whether all go by their notes, or all by their stages, with what can be done so. If not all see it, and all go by messages. */
  get #isOfOneWay(): boolean {
    const board = this.#board
    const laid = this.#laid
    for (let rank = 0; rank < board.size; rank++) if (isStaged(board, rank, this.sequence) !== (laid !== undefined)) return false
    return laid?.agree?.() ?? true
  }

  get #agree(): boolean {
    return 'lay' in this.#way || (this.#way.agree?.(this.#board, this.sequence) ?? true)
  }

  #goByMessages(): void {
    const stream = this.#stream()
    this.#follower = stream
    if (this.#laid !== undefined) this.#board.stage.takeBack()
    this.#leave()
    this.#closed = true
    stream.run(this.call, this.#audience, this.#value, this)
    for (const [kind, from, saying] of this.#heard ?? []) stream.hear(kind, from, saying)
  }

  #close(whole: boolean): void {
    this.#closed = true
    this.#registry.close(this, whole)
    if (this.#laid !== undefined) this.#board.stage.give(whole)
    this.#leave()
  }

  #leave(): void {
    this.#board.read(this)
    if (this.#holds) this.#registry.comm.endpoint.transport.release()
  }
}

/** Whether a rank has laid something: then it has posted the complement of what that is, and else the length of its note. */
const isStaged = (board: Board, rank: number, sequence: number): boolean => board.lengthOf(rank, sequence) < 0

let atOnce = 0

import { ANY_SOURCE } from '../../constants.js'
import type { CallSite } from '../../diagnostics/call-site.js'
import type { Board, BoardReader } from '../../transport/board.js'
import type { Call } from '../call.js'
import type { CallRegistry, Party } from '../call-registry.js'
import { ASKED, FAILURE, type Failure, failureOf, type Kind, remoteError } from '../control-messages.js'
import { NOTHING } from '../definition.js'
import type { Audience } from '../participant.js'
import type { StandingStream } from '../standing-stream.js'
import type { Posts } from './posts.js'

/** Calls that are over at once, between two that wait for the event loop's sake. */
const AT_ONCE = 15

/**
 * A call of a small collective among ranks of one host, by their board: each rank posts what it gives, reads what all have posted, and
 * makes the result of it. No message is sent.
 *
 * A rank that cannot go this way sends messages instead, as in any collective. Who waits at the board then gets one, and does the same:
 * either all ranks have posted and are done by the board, or one has not, and all go by messages.
 */
export class BoardRound<T, R> implements Party, BoardReader {
  readonly peer = ANY_SOURCE
  next: Party | undefined
  readonly call: Call
  readonly tag: number
  readonly sequence: number
  readonly #registry: CallRegistry
  readonly #board: Board
  readonly #posts: Posts<T, R>
  readonly #audience: Audience<R>
  readonly #value: T
  /** What goes by messages instead. */
  readonly #stream: () => StandingStream<T, R>
  /** Ranks up to this one have posted. */
  #seen = 0
  #holds = false
  #closed = false
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
    posts: Posts<T, R>,
    call: Call,
    audience: Audience<R>,
    value: T,
    stream: () => StandingStream<T, R>
  ) {
    this.#registry = registry
    this.#board = board
    this.#posts = posts
    this.#audience = audience
    this.#value = value
    this.#stream = stream
    this.call = call
    this.sequence = call.sequence
    this.tag = registry.tagOf(call)
  }

  run(): void {
    const { sequence } = this
    const board = this.#board
    this.call.note(this.#value)
    this.#registry.open(this)
    if (this.#closed) return
    if (this.#isLeaving || this.#registry.hasCome(this.tag) || !board.hasRoom(sequence)) return this.#goByMessages()
    const { shape, length } = this.#posts.write(this.#value, board, sequence, this.call.options)
    board.post(sequence, this.call.hash, shape, length)
    if (board.missing(sequence, 0) < 0 && (++atOnce & AT_ONCE) !== 0) return this.#finish()
    this.#holds = true
    this.#registry.comm.endpoint.transport.hold()
    board.wait(this)
  }

  look(): boolean {
    if (this.#isDisputed) return false
    this.#seen = this.#board.missing(this.sequence, this.#seen)
    if (this.#seen < 0) this.#finish()
    else if (this.#isLeaving) this.#goByMessages()
    else return false
    return true
  }

  /** Whoever is missing may have called something else, or a stream. */
  beforeSleep(): void {
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
      if (!this.#board.has(rank, this.sequence) && comm.endpoint.whyGone(comm.memberOf(rank)) !== undefined) this.#isLeaving = true
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
    const missing = this.#board.missing(this.sequence, 0)
    return `in ${this.call.title}${comm.on} for ${missing < 0 ? 'the other ranks' : comm.titleOf(missing)}`
  }

  /** All have posted. */
  #finish(): void {
    const board = this.#board
    if (!this.#agree) {
      this.#isDisputed = true
      return this.#registry.alarm(this.sequence)
    }
    let result: R | typeof NOTHING
    try {
      result = this.#posts.read(board, this.sequence, this.#value, this.call.options)
    } catch (error) {
      return this.stop(error as Error)
    }
    this.#close(true)
    if (result !== NOTHING) this.#audience.emit(result)
    this.#audience.finish()
  }

  get #agree(): boolean {
    const { size } = this.#board
    for (let rank = 0; rank < size; rank++) if (!this.#board.agrees(rank, this.sequence)) return false
    return this.#posts.agree?.(this.#board, this.sequence) ?? true
  }

  #goByMessages(): void {
    const stream = this.#stream()
    this.#follower = stream
    this.#leave()
    this.#closed = true
    stream.run(this.call, this.#audience, this.#value, this)
    for (const [kind, from, saying] of this.#heard ?? []) stream.hear(kind, from, saying)
  }

  #close(whole: boolean): void {
    this.#closed = true
    this.#registry.close(this, whole)
    this.#leave()
  }

  #leave(): void {
    this.#board.read(this)
    if (this.#holds) this.#registry.comm.endpoint.transport.release()
  }
}

let atOnce = 0

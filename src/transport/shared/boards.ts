import type { Boards } from '../board.js'
import { BOARDS, boardBytes, empty, HAS_LEFT, LEFT, lineAt, stagesAt } from './board-memory.js'
import { HostBoard } from './host-board.js'
import { HostStage, stageAt } from './stage.js'
import { type Share, VisibleMemory } from './visible-memory.js'

/** The boards as one rank has them. */
export class HostBoards implements Boards {
  readonly #memory: ArrayBufferLike
  readonly #keys: BigInt64Array
  readonly #rank: number
  readonly #bells: readonly Int32Array[]
  readonly #bytes: number
  readonly #hasEnded: (rank: number) => boolean
  /** Those on which this rank waits. */
  readonly #waiting: HostBoard[] = []
  /** Those that it has opened and not left, by their keys. */
  readonly #opened = new Map<bigint, HostBoard>()
  readonly #stage = new HostStage()
  /** Absent where ranks cannot let each other have memory. */
  readonly visible: VisibleMemory | undefined

  /** `bells`: where each rank of the world sleeps; `hasEnded`: whether one is no more. */
  constructor(
    memory: ArrayBufferLike,
    rank: number,
    bells: readonly Int32Array[],
    hasEnded: (rank: number) => boolean = () => false,
    share?: Share
  ) {
    const size = bells.length
    this.visible = share && new VisibleMemory(rank, size, new Int32Array(memory, stagesAt(size)), share)
    this.#hasEnded = hasEnded
    this.#memory = memory
    this.#keys = new BigInt64Array(memory)
    this.#rank = rank
    this.#bells = bells
    this.#bytes = boardBytes(bells.length)
  }

  /**
   * The board of a communicator, or of a persistent call. Its first member takes one; for others there is none until that has been done,
   * nor where all are in use.
   */
  open(id: number, members: readonly number[], call?: number): HostBoard | undefined {
    const key = keyOf(id, members, call)
    if (key === undefined) return undefined
    const opened = this.#opened.get(key)
    if (opened !== undefined) return opened
    const place = this.#find(key) ?? (members[0] === this.#rank ? this.#take(key, call === undefined ? 0 : FIRST_OF_CALLS) : undefined)
    if (place === undefined) return undefined
    const board = new HostBoard({
      memory: this.#memory,
      base: place * this.#bytes,
      key: this.#keyAt(place),
      rank: members.indexOf(this.#rank),
      members: [...members],
      bells: members.map((member) => this.#bells[member]!),
      stages: members.map((member) => stagesAt(this.#bells.length) + stageAt(member)),
      hasEnded: this.#hasEnded,
      stage: this.#stage,
      visible: this.visible,
      waiting: this.#waiting
    })
    this.#opened.set(key, board)
    return board
  }

  /** A member has no use for it any more; it goes to others when that is true of all. */
  leave(id: number, members: readonly number[], call?: number): void {
    const key = keyOf(id, members, call)
    if (key === undefined) return
    const opened = this.#opened.get(key)
    this.#opened.delete(key)
    if (opened === undefined) this.#leave(key, members)
    else opened.whenIdle(() => this.#leave(key, members))
  }

  #leave(key: bigint, members: readonly number[]): void {
    const place = this.#find(key)
    if (place === undefined) return
    const words = new Int32Array(this.#memory, place * this.#bytes, this.#bytes >> 2)
    const line = lineAt(members.indexOf(this.#rank)) >> 2
    // What is made of a communicator may be given up with it, and before it.
    if (Atomics.exchange(words, line + HAS_LEFT, 1) === 1) return
    if (Atomics.add(words, LEFT, 1) + 1 < members.length) return
    empty(words, members.length)
    Atomics.store(this.#keys, this.#keyAt(place), 0n)
  }

  /** Looks for notes that are waited for; true when some call has gone on. */
  poll(): boolean {
    const boards = this.#waiting
    if (boards.length === 0) return false
    let any = false
    for (let k = 0; k < boards.length; k++) if (boards[k]!.look()) any = true
    return any
  }

  beforeSleep(): void {
    for (const board of [...this.#waiting]) board.beforeSleep()
  }

  #find(key: bigint): number | undefined {
    for (let place = 0; place < BOARDS; place++) if (Atomics.load(this.#keys, this.#keyAt(place)) === key) return place
    return undefined
  }

  #take(key: bigint, from: number): number | undefined {
    for (let place = from; place < BOARDS; place++) {
      if (Atomics.compareExchange(this.#keys, this.#keyAt(place), 0n, key) === 0n) return place
    }
    return undefined
  }

  #keyAt(place: number): number {
    return (place * this.#bytes) >> 3
  }
}

/** Persistent calls leave as many boards to communicators. */
const FIRST_OF_CALLS = BOARDS / 2

/** Bits of a key: a rank of the host, an id of a communicator and a call of it each have so many. A later id or call has no board. */
const RANK_BITS = 4
const ID_BITS = 31
const CALL_BITS = 27

/** Never 0: that is no key. */
function keyOf(id: number, [first]: readonly number[], call = -1): bigint | undefined {
  if (id + 1 >= 2 ** ID_BITS || call + 1 >= 2 ** CALL_BITS) return undefined
  return (BigInt(call + 1) << BigInt(ID_BITS + RANK_BITS)) | (BigInt(id + 1) << BigInt(RANK_BITS)) | BigInt(first!)
}

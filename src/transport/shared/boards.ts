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
   * The board of a communicator, by its id and members. Its first member takes one; for others there is none until that has been done, nor
   * where all are in use.
   */
  open(id: number, members: readonly number[]): HostBoard | undefined {
    const key = keyOf(id, members)
    const place = this.#find(key) ?? (members[0] === this.#rank ? this.#take(key) : undefined)
    if (place === undefined) return undefined
    return new HostBoard({
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
  }

  /** A member has no use for it any more; it goes to others when that is true of all. */
  leave(id: number, members: readonly number[]): void {
    const place = this.#find(keyOf(id, members))
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

  #take(key: bigint): number | undefined {
    for (let place = 0; place < BOARDS; place++) {
      if (Atomics.compareExchange(this.#keys, this.#keyAt(place), 0n, key) === 0n) return place
    }
    return undefined
  }

  #keyAt(place: number): number {
    return (place * this.#bytes) >> 3
  }
}

/** Never 0: that is no key. */
const keyOf = (id: number, [first]: readonly number[]): bigint => (BigInt(id + 1) << 16n) | BigInt(first!)

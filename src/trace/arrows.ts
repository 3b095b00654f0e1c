/** An end of a message. */
export interface End {
  /** The same for both ends of a message, and for no other pair of them, tag or context. */
  readonly path: string
  readonly time: number
  /** Whose clock has told it. */
  readonly clock: number
}

interface Half extends End {
  readonly id: number
}

/**
 * Brings the ends of messages together, in whatever order they are met: the n-th that was received of a path is the n-th that was sent.
 * What is kept is of messages of which one end was met.
 */
export class Arrows {
  readonly #waiting = new Map<string, { isSent: boolean; halves: Half[]; first: number }>()
  readonly #meet: ((id: number, sent: End, received: End) => void) | undefined
  #count = 0

  /** `meet` is called when the second end of a message is met. */
  constructor(meet?: (id: number, sent: End, received: End) => void) {
    this.#meet = meet
  }

  /** The number of the message, which its other end has too. */
  add(end: End, isSent: boolean): number {
    const waiting = this.#waiting.get(end.path)
    if (waiting === undefined) {
      const id = this.#count++
      this.#waiting.set(end.path, { isSent, halves: [{ ...end, id }], first: 0 })
      return id
    }
    if (waiting.isSent === isSent) {
      const id = this.#count++
      waiting.halves.push({ ...end, id })
      return id
    }
    const other = waiting.halves[waiting.first++]!
    if (waiting.first === waiting.halves.length) this.#waiting.delete(end.path)
    if (isSent) this.#meet?.(other.id, end, other)
    else this.#meet?.(other.id, other, end)
    return other.id
  }
}

/**
 * By how much the clocks of machines have to be put forward so that nothing is received before it was sent, each by as little as possible.
 * `least` gives the shortest time from a sending by one clock to its receiving by another, as they tell it: less than nothing where they
 * differ. Where no correction does, for a clock has drifted, the last that was tried.
 *
 * Source: Lamport, Time, clocks, and the ordering of events in a distributed system, CACM 21(7), 1978; as longest paths (Bellman, Ford).
 */
export function corrections(clocks: number, least: ReadonlyMap<string, readonly [from: number, to: number, time: number]>): number[] {
  const forward = new Array<number>(clocks).fill(0)
  for (let round = 0; round < clocks; round++) {
    for (const [from, to, time] of least.values()) forward[to] = Math.max(forward[to]!, forward[from]! - time)
  }
  return forward
}

/**
 * What the ranks of a host know of a part that they share, beside its data: who has it for itself, who is in the middle of a call, and
 * locks
 * for what no instruction does at once. Words that different threads write stand 128 bytes apart.
 */

const LINE = 32
/** Word 0: who has the part for itself, as `holderIn` reads it, and what else must be seen before a call. */
const STATE = 0
const HOLDER = 0x0fffffff
/** Its lock is in the hands of the rank that keeps the queue: nobody takes it by himself. */
export const MANAGED = 1 << 28
/** It was given up. */
export const FREED = 1 << 29
/** Somebody wants to know what changes; then the words of `changes.ts`. */
const WATCHED = LINE
/** A spin lock: 0, or one more than the rank that has it. */
const STRIPES = 2 * LINE
const STRIPE_COUNT = 64
const STRIPE_LINE = 16
const BUSY = STRIPES + STRIPE_COUNT * STRIPE_LINE
/** Bytes of a part between two stripes, which take turns: so many that taking and giving back costs little beside folding them. */
export const STRIPE_BYTES = 32 * 1024
/** Looks before a thread gives way. */
const SPINS = 1000
const PAUSE_MS = 0.05

/** After those of the ranks one of their host's main thread; then the words of `handled`, a rank each. */
export const controlBytes = (size: number): number => 4 * (BUSY + (size + 1) * LINE + size)

export class Control {
  readonly memory: ArrayBufferLike
  readonly #words: Int32Array
  readonly #rank: number
  readonly #size: number
  readonly #hasEnded: (rank: number) => boolean

  /** `rank`: this thread's, `size` of the host's main thread; `hasEnded`: whether one of this host is no more. */
  constructor(memory: ArrayBufferLike, rank: number, size: number, hasEnded: (rank: number) => boolean) {
    this.memory = memory
    this.#words = new Int32Array(memory)
    this.#rank = rank
    this.#size = size
    this.#hasEnded = hasEnded
  }

  get state(): number {
    return Atomics.load(this.#words, STATE)
  }

  set state(state: number) {
    Atomics.store(this.#words, STATE, state)
  }

  /** Changes the state if it is still the one that was seen. */
  exchange(seen: number, state: number): boolean {
    return Atomics.compareExchange(this.#words, STATE, seen, state) === seen
  }

  get isFreed(): boolean {
    return (this.state & FREED) !== 0
  }

  free(): void {
    Atomics.or(this.#words, STATE, FREED)
  }

  /**
   * Begins a call on the part; false where it must wait for who has the part for itself, or where there is none any more. `origin`: whose.
   */
  enter(origin = this.#rank): boolean {
    const own = BUSY + this.#rank * LINE
    // In one order for all: who has taken the part for himself after this is seen sees the call.
    Atomics.store(this.#words, own, 1)
    const state = Atomics.load(this.#words, STATE) & ~MANAGED
    if (state === 0 || state === origin + 1) return true
    Atomics.store(this.#words, own, 0)
    return false
  }

  leave(): void {
    Atomics.store(this.#words, BUSY + this.#rank * LINE, 0)
  }

  /** The part is somebody's own from now on: waits for the calls that have begun before. */
  drain(): void {
    for (let rank = 0; rank <= this.#size; rank++) {
      const busy = BUSY + rank * LINE
      for (let spins = 0; rank !== this.#rank && Atomics.load(this.#words, busy) !== 0; spins++) {
        if (spins < SPINS) continue
        if (this.#hasEnded(rank)) Atomics.store(this.#words, busy, 0)
        else pause()
      }
    }
  }

  /** Until it is released nobody else does anything in the same stripe of the part, of which `place` is a byte. */
  seize(place: number): number {
    const words = this.#words
    const stripe = STRIPES + (Math.floor(place / STRIPE_BYTES) % STRIPE_COUNT) * STRIPE_LINE
    const own = this.#rank + 1
    for (let spins = 0; ; spins++) {
      const holder = Atomics.compareExchange(words, stripe, 0, own)
      if (holder === 0) return stripe
      if (spins < SPINS) continue
      // Its thread may have been ended just there.
      if (this.#hasEnded(holder - 1) && Atomics.compareExchange(words, stripe, holder, own) === holder) return stripe
      pause()
    }
  }

  release(stripe: number): void {
    Atomics.store(this.#words, stripe, 0)
  }

  /** The part's rank has done, or refused, one more call that a rank has asked it for. */
  handle(origin: number): void {
    Atomics.add(this.#words, BUSY + (this.#size + 1) * LINE + origin, 1)
  }

  handled(origin: number): number {
    return Atomics.load(this.#words, BUSY + (this.#size + 1) * LINE + origin)
  }

  /** Whether the part's rank wants to hear of what is written. */
  get isWatched(): boolean {
    return Atomics.load(this.#words, WATCHED) !== 0
  }

  set isWatched(is: boolean) {
    Atomics.store(this.#words, WATCHED, is ? 1 : 0)
  }
}

/** Nobody wakes who pauses: whoever does may be another process. */
const pause = (): unknown => Atomics.wait(still, 0, 0, PAUSE_MS)
const still = new Int32Array(new SharedArrayBuffer(4))

/** The endpoint's rank that has a part for itself, or undefined. */
export function holderIn(state: number): number | undefined {
  const holder = state & HOLDER
  return holder === 0 ? undefined : holder - 1
}

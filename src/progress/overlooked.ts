import type { CallSite } from '../diagnostics/call-site.js'

/** A call that has given something, and at which the program has not looked yet. */
export class Overlooked {
  readonly kind: 'receive' | 'collective' | 'probed message'
  site: CallSite | undefined
  /** 'irecv from rank 0, tag 7' */
  describe: () => string

  constructor(kind: Overlooked['kind'], site: CallSite | undefined, describe: () => string) {
    this.kind = kind
    this.site = site
    this.describe = describe
  }

  get isSeen(): boolean {
    return this.describe === SEEN
  }

  /** The program has looked at it. What was called on, which the line and the words know, is let go. */
  see(): void {
    this.site = undefined
    this.describe = SEEN
  }
}

const SEEN = (): string => ''

/** Notes between two looks for those that were seen. */
const FEW = 256
/** Of a program that never looks, so many are kept. */
const MOST = 2 ** 16

/**
 * The calls of a rank that are complete and that the program has not looked at. What they have given is not kept, for it may be large; to
 * note one is to write it behind the others, and those that were looked at since go when there are too many.
 */
export class OverlookedCalls {
  #all: Overlooked[] = []
  /** How many more come before the next look for those that were seen. */
  #room = FEW

  add(one: Overlooked): void {
    if (this.#room-- === 0) this.#tidy()
    if (this.#all.length < MOST) this.#all.push(one)
  }

  /** Those that are left. */
  [Symbol.iterator](): Iterator<Overlooked> {
    this.#tidy()
    return this.#all[Symbol.iterator]()
  }

  #tidy(): void {
    this.#all = this.#all.filter(({ isSeen }) => !isSeen)
    this.#room = Math.max(FEW, this.#all.length)
  }
}

/**
 * Whether those who read a stream have room for another value.
 *
 * RxJS has no way back from a reader to its source. So whoever knows how much may come (the way to another rank, work that is under way)
 * is the *demand* of all that is subscribed to while it subscribes to its own source; sources that can wait (`pull`, `receiveFrom`) ask for
 * the
 * demand they are subscribed under, and wait while it is not open. Operators in between know nothing of it.
 */
export interface Demand {
  readonly open: boolean
  /** Calls back, once, when it is open again; the result takes that back. */
  wait(resume: () => void): () => void
  /** Whether that other one is open too when this is. */
  covers(demand: Demand): boolean
}

let present: Demand | undefined
let lent: Demand | undefined

/** The demand that what is subscribed to now works for. */
export const presentDemand = (): Demand | undefined => present

/** Runs something that subscribes, or emits, for a demand. */
export function under<T>(demand: Demand | undefined, run: () => T): T {
  const before = present
  present = demand
  try {
    return run()
  } finally {
    present = before
  }
}

/** Emits a value that its source leaves alone until the demand is open again: it need not be copied to be kept so long. */
export function lend<T>(demand: Demand | undefined, value: T, emit: (value: T) => void): void {
  const before = present
  const lentBefore = lent
  present = demand
  lent = demand
  try {
    emit(value)
  } finally {
    present = before
    lent = lentBefore
  }
}

export const isLentTo = (demand: Demand): boolean => lent?.covers(demand) === true

/** Both of two demands. */
export function both(one: Demand, other: Demand | undefined): Demand {
  if (other === undefined) return one
  return {
    get open() {
      return one.open && other.open
    },
    wait: (resume) => (one.open ? other : one).wait(resume),
    covers: (demand) => one.covers(demand) || other.covers(demand)
  }
}

/** All of many demands. */
export const all = (demands: readonly Demand[]): Demand => ({
  get open() {
    return demands.every(({ open }) => open)
  },
  wait: (resume) => (demands.find(({ open }) => !open) ?? demands[0]!).wait(resume),
  covers: (demand) => demands.some((one) => one.covers(demand))
})

/** A demand that is open when its owner says so. */
export class Gate implements Demand {
  readonly #isOpen: () => boolean
  readonly #changed: () => void
  readonly #waiting = new Set<() => void>()

  /** `changed` is called when `waited` may have changed. */
  constructor(isOpen: () => boolean, changed: () => void = () => undefined) {
    this.#isOpen = isOpen
    this.#changed = changed
  }

  get open(): boolean {
    return this.#isOpen()
  }

  /** Somebody waits for it. */
  get waited(): boolean {
    return this.#waiting.size > 0
  }

  wait(resume: () => void): () => void {
    const entry = (): void => resume()
    this.#waiting.add(entry)
    this.#changed()
    return () => {
      if (this.#waiting.delete(entry)) this.#changed()
    }
  }

  covers(demand: Demand): boolean {
    return demand === this
  }

  /** It may have opened: those who wait go on in the order they came, as long as it is open; who waits again comes last. */
  notify(): void {
    if (this.#waiting.size === 0) return
    for (const entry of [...this.#waiting]) {
      if (!this.open) break
      if (this.#waiting.delete(entry)) entry()
    }
    this.#changed()
  }
}

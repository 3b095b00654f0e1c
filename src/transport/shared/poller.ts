/**
 * When to look for segments.
 *
 * While there is traffic a rank looks between microtasks, so that a reply is seen within 100 ns, and once in a while lets the event loop have a turn, so
 * that timers and I/O go on. After a quiet while it sleeps until it is woken (25 µs). Where ranks outnumber cores, looking takes the core from
 * the very rank that is waited for: there it blocks its thread instead, a moment at a time, and sleeps when that was in vain.
 */
export interface Pollable {
  /** Delivers what has come; true when that was anything. */
  poll(): boolean
  /** Marks the rank as asleep, so that whoever publishes from now on wakes it, and polls once more; true when that gave anything. */
  fallAsleep(): boolean
  wakeUp(): void
  /** Resolves when the rank is woken. */
  woken(): Promise<unknown>
  /** Blocks the thread until the rank is woken. */
  block(ms: number): void
}

const settled = Promise.resolve()
/** Looks that leave the microtasks of a delivered message room to run before the thread spins. */
const POLITE_LOOKS = 6
const LOOKS = 40
const SPINS = 12
/** Deliveries after which the event loop gets a turn in any case. */
const DELIVERIES = 256
const QUIET_MS = 1
const CROWDED_QUIET_MS = 10
const BLOCK_MS = 1

export class Poller {
  #held = 0
  #watched = 0
  #running = false
  #looks = 0
  #deliveries = 0
  #quietSince = 0
  #asleep = false
  #waiting = false
  readonly #target: Pollable
  readonly #crowded: boolean
  /** Called each time the rank falls asleep and when it wakes. */
  onSleep: () => void = () => undefined
  onWake: () => void = () => undefined

  constructor(target: Pollable, crowded: boolean) {
    this.#target = target
    this.#crowded = crowded
  }

  /** Whether anything waits for a segment. */
  get held(): boolean {
    return this.#held > 0
  }

  hold(): void {
    this.#held++
    if (!this.#running) this.#start()
  }

  release(): void {
    this.#held--
  }

  /** As `hold`, for whoever does not need the rank to live on. */
  watch(): void {
    this.#watched++
    if (!this.#running) this.#start()
  }

  unwatch(): void {
    this.#watched--
  }

  get #wanted(): boolean {
    return this.#held + this.#watched > 0
  }

  #start(): void {
    this.#running = true
    this.#looks = 0
    this.#quietSince = 0
    if (this.#asleep) {
      this.#asleep = false
      this.#target.wakeUp()
      this.onWake()
    }
    void settled.then(this.#look)
  }

  /** Between microtasks. */
  readonly #look = (): void => {
    if (!this.#wanted) {
      this.#running = false
      return
    }
    const spins = this.#looks < POLITE_LOOKS ? 1 : SPINS
    for (let k = 0; k < spins; k++) if (this.#target.poll()) return this.#delivered()
    const limit = this.#crowded ? POLITE_LOOKS : LOOKS
    if (++this.#looks < limit) void settled.then(this.#look)
    else setImmediate(this.#turn)
  }

  #delivered(): void {
    this.#looks = 0
    this.#quietSince = 0
    if (++this.#deliveries < DELIVERIES) void settled.then(this.#look)
    else setImmediate(this.#turn)
  }

  /** Once a turn of the event loop. */
  readonly #turn = (): void => {
    const delivered = this.#deliveries >= DELIVERIES
    this.#deliveries = 0
    this.#looks = 0
    if (delivered || !this.#wanted) return this.#look()
    const now = performance.now()
    if (this.#quietSince === 0) this.#quietSince = now
    if (now - this.#quietSince > (this.#crowded ? CROWDED_QUIET_MS : QUIET_MS)) return this.#sleep()
    if (!this.#crowded) return this.#look()
    if (!this.#target.fallAsleep()) this.#target.block(BLOCK_MS)
    this.#target.wakeUp()
    this.#look()
  }

  #sleep(): void {
    if (this.#target.fallAsleep()) {
      this.#target.wakeUp()
      return this.#delivered()
    }
    this.#asleep = true
    this.#running = false
    this.onSleep()
    if (this.#waiting) return
    this.#waiting = true
    void this.#target.woken().then(() => {
      this.#waiting = false
      if (this.#asleep && this.#wanted) this.#start()
      else this.#asleep = false
    })
  }
}

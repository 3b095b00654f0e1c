/**
 * When to look for segments.
 *
 * While there is traffic a rank looks between microtasks, so that a reply is seen within 100 ns, and once in a while lets the event loop
 * have a turn, so that timers and I/O go on. It looks for not much longer than being woken would take (competitive spinning: Karlin, Li,
 * Manasse, Owicki, SOSP 1991), then blocks its thread, a moment at a time, and at last sleeps in the event loop until it is woken. Where
 * ranks outnumber cores, or others want the cores, looking takes the core from the very rank that is waited for, so it blocks at once; that
 * others do shows when looking was in vain several times. Where the event loop has I/O under way the thread is not blocked: it looks for
 * longer, and sleeps.
 */
export interface Pollable {
  /** Delivers what has come; true when that was anything. */
  poll(): boolean
  /** Marks the rank as asleep, so that whoever publishes from now on wakes it, and polls once more; true when that gave anything. */
  fallAsleep(): boolean
  wakeUp(): void
  /** Resolves when the rank is woken. */
  woken(): Promise<unknown>
  /** Whether nothing but a segment or a timer can come, so that nothing waits for this thread. */
  readonly mayBlock: boolean
  /** Blocks the thread until the rank is woken; false when the time was over first. */
  block(ms: number): boolean
}

const settled = Promise.resolve()
/** Looks that leave the microtasks of a delivered message room to run before the thread spins. */
const POLITE_LOOKS = 6
const LOOKS = 40
const SPINS = 12
/** Deliveries after which the event loop gets a turn in any case. */
const DELIVERIES = 256
/** How long to look: some times as long as being woken takes, for that costs whoever wakes, too. */
const LOOK_MS = 0.2
/** The same where the thread must not be blocked. */
const LONG_LOOK_MS = 1
const BLOCK_MS = 1
/** Quiet time after which it sleeps. */
const QUIET_MS = 10
/** So many waits in a row for which looking was too short make it block at once, for a while, */
const VAIN_LOOKS = 3
/**
 * short at first, for the other rank may only have collected its garbage, and twice as long each time that it soon turns out not to have
 * helped.
 */
const SHORT_BUSY_MS = 1
const LONG_BUSY_MS = 32

export class Poller {
  #held = 0
  #watched = 0
  #running = false
  #looks = 0
  #deliveries = 0
  #quietSince = 0
  #asleep = false
  #waiting = false
  #blocked = false
  #vainLooks = 0
  #busyUntil = 0
  #busyMs = SHORT_BUSY_MS
  /** It blocks at once. */
  #givesWay: boolean
  /** What comes, comes by the event loop: looking between its turns is vain. */
  needsLoop = false
  readonly #target: Pollable
  /** Ranks outnumber cores. */
  readonly #crowded: boolean
  /** Called each time the rank falls asleep and when it wakes. */
  onSleep: () => void = () => undefined
  onWake: () => void = () => undefined

  constructor(target: Pollable, crowded: boolean) {
    this.#target = target
    this.#crowded = crowded
    this.#givesWay = crowded
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

  /** Something has come by the event loop. */
  poke(): void {
    if (!this.#wanted) return
    if (!this.#running) this.#start()
    if (!this.#target.poll()) return
    this.#quietSince = 0
    this.#vainLooks = 0
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
    const spins = this.#looks < POLITE_LOOKS || this.needsLoop ? 1 : SPINS
    for (let k = 0; k < spins; k++) if (this.#target.poll()) return this.#delivered()
    const limit = this.needsLoop ? 1 : this.#givesWay ? POLITE_LOOKS : LOOKS
    if (++this.#looks < limit) void settled.then(this.#look)
    else setImmediate(this.#turn)
  }

  #delivered(): void {
    this.#looks = 0
    this.#quietSince = 0
    if (this.#blocked) this.#blocked = false
    else this.#vainLooks = 0
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
    const quiet = now - this.#quietSince
    this.#givesWay = this.#crowded || now < this.#busyUntil
    if (!this.#givesWay && quiet < LOOK_MS) return this.#look()
    if (!this.#target.mayBlock) return this.#givesWay || quiet > LONG_LOOK_MS ? this.#sleep() : this.#look()
    if (quiet > QUIET_MS) return this.#sleep()
    const found = this.#target.fallAsleep()
    const woken = found || this.#target.block(BLOCK_MS)
    this.#target.wakeUp()
    this.#blocked = true
    if (!this.#givesWay && woken && ++this.#vainLooks >= VAIN_LOOKS) {
      this.#vainLooks = 0
      const soon = now - this.#busyUntil < this.#busyMs
      this.#busyMs = soon ? Math.min(LONG_BUSY_MS, 2 * this.#busyMs) : SHORT_BUSY_MS
      this.#busyUntil = now + this.#busyMs
      this.#givesWay = true
    }
    if (found) this.#delivered()
    else this.#look()
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
